//! Writes programs whose jumps go to places that come later.

use super::{Instruction, code};

/// A place to jump to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(usize);

/// A program in the making.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    instructions: Vec<(Instruction, Option<Jump>)>,
    /// Where each label stands.
    labels: Vec<Option<usize>>,
}

#[derive(Clone, Copy, Debug)]
enum Jump {
    Always(Label),
    Either(Label, Label),
}

impl Assembler {
    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// The next instruction is where the label stands.
    pub(super) fn place(&mut self, label: Label) {
        let here = self.instructions.len();
        if let Some(place) = self.labels.get_mut(label.0) {
            *place = Some(here);
        }
    }

    pub(super) fn put(&mut self, code: u16, k: u32) -> &mut Self {
        self.instructions.push((Instruction { code, jt: 0, jf: 0, k }, None));
        self
    }

    pub(super) fn jump(&mut self, to: Label) {
        self.put(code::JMP | code::JA, 0);
        self.jumps(Jump::Always(to));
    }

    /// Compares A with `k`; goes to `yes` where it holds, to `no` where it does not.
    pub(super) fn test(&mut self, comparison: u16, k: u32, yes: Label, no: Label) {
        self.put(code::JMP | comparison | code::K, k);
        self.jumps(Jump::Either(yes, no));
    }

    fn jumps(&mut self, jump: Jump) {
        if let Some((_, jumps)) = self.instructions.last_mut() {
            *jumps = Some(jump);
        }
    }

    /// The program. None where a label was never placed, or a jump is too far for any program that the kernel takes.
    pub(super) fn finish(self) -> Option<Vec<Instruction>> {
        // A comparison reaches 255 instructions far: where it must go farther, it goes to a jump that stands behind it.
        // That moves what follows, so first it is found out which ones need it.
        let mut long = vec![false; self.instructions.len()];
        loop {
            let places = self.places(&long);
            let mut changed = false;
            for (at, (_, jump)) in self.instructions.iter().enumerate() {
                let Some(Jump::Either(yes, no)) = jump else { continue };
                let here = *places.get(at)?;
                let reach = |label: &Label| self.target(*label, &places)?.checked_sub(here + 1);
                let is_long = reach(yes)? > 250 || reach(no)? > 250;
                if is_long && !*long.get(at)? {
                    *long.get_mut(at)? = true;
                    changed = true;
                }
            }
            if !changed {
                return self.resolve(&long, &places);
            }
        }
    }

    /// Where each instruction stands.
    fn places(&self, long: &[bool]) -> Vec<usize> {
        let mut next = 0;
        let sizes = long.iter().map(|long| if *long { 3 } else { 1 });
        let mut places: Vec<_> = sizes
            .map(|size| {
                let here = next;
                next += size;
                here
            })
            .collect();
        places.push(next);
        places
    }

    fn target(&self, label: Label, places: &[usize]) -> Option<usize> {
        places.get((*self.labels.get(label.0)?)?).copied()
    }

    fn resolve(&self, long: &[bool], places: &[usize]) -> Option<Vec<Instruction>> {
        let always = |k: usize| {
            Some(Instruction { code: code::JMP | code::JA, jt: 0, jf: 0, k: u32::try_from(k).ok()? })
        };
        let mut resolved = Vec::new();
        for ((instruction, jump), long) in self.instructions.iter().zip(long) {
            let here = resolved.len();
            let reach = |label: Label, from: usize| self.target(label, places)?.checked_sub(from + 1);
            match *jump {
                None => resolved.push(*instruction),
                Some(Jump::Always(to)) => resolved.push(always(reach(to, here)?)?),
                Some(Jump::Either(yes, no)) if *long => {
                    resolved.push(Instruction { jt: 0, jf: 1, ..*instruction });
                    resolved.push(always(reach(yes, here + 1)?)?);
                    resolved.push(always(reach(no, here + 2)?)?);
                }
                Some(Jump::Either(yes, no)) => {
                    let skip = |label| u8::try_from(reach(label, here)?).ok();
                    resolved.push(Instruction { jt: skip(yes)?, jf: skip(no)?, ..*instruction });
                }
            }
        }
        Some(resolved)
    }
}

//! Programs for the kernel's packet machine: classic BPF, as `tcpdump -ddd` prints it.
//!
//! A [`Program`] was checked before the kernel sees it, by the kernel's own rules (Linux `bpf_check_classic`) and some
//! that are ours: it only loads, computes, jumps forward within itself and returns.

mod assembler;

#[cfg(test)]
pub(crate) mod machine;
pub(crate) mod steer;

use std::fmt;

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// What to do.
    pub code: u16,
    /// How many instructions to skip where a comparison holds.
    pub jt: u8,
    /// The same where it does not.
    pub jf: u8,
    /// The number to do it with.
    pub k: u32,
}

/// A checked program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(Vec<Instruction>);

/// What is wrong with a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramError {
    /// The instruction, counted from 0.
    pub at: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instruction {}: {}", self.at, self.what)
    }
}

impl std::error::Error for ProgramError {}

/// As many instructions as the kernel takes.
pub const MOST: usize = 4096;
/// Words of the machine's memory.
const MEMORY: u32 = 16;

/// Codes, by `linux/bpf_common.h`: a class, and what it does to what.
#[allow(clippy::unreadable_literal, reason = "as the kernel's header writes them")]
pub(crate) mod code {
    pub(crate) const LD: u16 = 0x00;
    pub(crate) const LDX: u16 = 0x01;
    pub(crate) const ST: u16 = 0x02;
    pub(crate) const STX: u16 = 0x03;
    pub(crate) const ALU: u16 = 0x04;
    pub(crate) const JMP: u16 = 0x05;
    pub(crate) const RET: u16 = 0x06;
    pub(crate) const MISC: u16 = 0x07;
    pub(crate) const W: u16 = 0x00;
    pub(crate) const H: u16 = 0x08;
    pub(crate) const B: u16 = 0x10;
    pub(crate) const IMM: u16 = 0x00;
    pub(crate) const ABS: u16 = 0x20;
    pub(crate) const IND: u16 = 0x40;
    pub(crate) const MEM: u16 = 0x60;
    pub(crate) const LEN: u16 = 0x80;
    pub(crate) const MSH: u16 = 0xa0;
    pub(crate) const ADD: u16 = 0x00;
    pub(crate) const SUB: u16 = 0x10;
    pub(crate) const MUL: u16 = 0x20;
    pub(crate) const DIV: u16 = 0x30;
    pub(crate) const OR: u16 = 0x40;
    pub(crate) const AND: u16 = 0x50;
    pub(crate) const LSH: u16 = 0x60;
    pub(crate) const RSH: u16 = 0x70;
    pub(crate) const NEG: u16 = 0x80;
    pub(crate) const MOD: u16 = 0x90;
    pub(crate) const XOR: u16 = 0xa0;
    pub(crate) const JA: u16 = 0x00;
    pub(crate) const JEQ: u16 = 0x10;
    pub(crate) const JGT: u16 = 0x20;
    pub(crate) const JGE: u16 = 0x30;
    pub(crate) const JSET: u16 = 0x40;
    pub(crate) const K: u16 = 0x00;
    pub(crate) const X: u16 = 0x08;
    pub(crate) const A: u16 = 0x10;
    pub(crate) const TAX: u16 = 0x00;
    pub(crate) const TXA: u16 = 0x80;
}

/// Where loads of what the kernel knows of a frame begin (`linux/filter.h`), and what there is.
pub(crate) const ANCILLARY: u32 = (-0x1000_i32).cast_unsigned();
/// The `EtherType` behind the tags that the kernel took out.
pub(crate) const PROTOCOL: u32 = ANCILLARY;
/// Which of the kernel's tags it took out.
#[cfg_attr(not(test), allow(dead_code))]
pub(crate) const VLAN_TAG: u32 = ANCILLARY.wrapping_add(44);
/// Whether the kernel took a tag out.
#[cfg_attr(not(test), allow(dead_code))]
pub(crate) const VLAN_TAG_PRESENT: u32 = ANCILLARY.wrapping_add(48);
/// A random number.
pub(crate) const RANDOM: u32 = ANCILLARY.wrapping_add(56);
/// Loads from here on are relative to the network header.
pub(crate) const NETWORK: u32 = (-0x0010_0000_i32).cast_unsigned();

impl Program {
    /// Checks a program.
    ///
    /// # Errors
    /// Says which instruction is not fit, and why.
    pub fn new(instructions: Vec<Instruction>) -> Result<Self, ProgramError> {
        let count = instructions.len();
        if count == 0 || count > MOST {
            return Err(ProgramError { at: 0, what: "a program has between 1 and 4096 instructions" });
        }
        for (at, instruction) in instructions.iter().enumerate() {
            check(*instruction, count - at - 1).map_err(|what| ProgramError { at, what })?;
        }
        // Jumps go forward only, so whoever comes to the last instruction ends there.
        match instructions.last() {
            Some(last) if last.code & 0x07 == code::RET => Ok(Self(instructions)),
            _ => Err(ProgramError { at: count - 1, what: "the last one returns" }),
        }
    }

    /// The instructions.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.0
    }

    /// The program that takes nothing.
    pub(crate) fn nothing() -> Self {
        Self(vec![Instruction { code: code::RET, jt: 0, jf: 0, k: 0 }])
    }
}

/// Checks an instruction that so many follow.
fn check(instruction: Instruction, follow: usize) -> Result<(), &'static str> {
    use code::{
        A, ABS, ALU, B, DIV, H, IMM, IND, JA, JEQ, JGE, JGT, JMP, JSET, K, LD, LDX, LEN, LSH, MEM, MISC, MOD,
    };
    use code::{ADD, AND, MSH, MUL, NEG, OR, RET, RSH, ST, STX, SUB, TAX, TXA, W, X, XOR};
    let Instruction { code, jt, jf, k } = instruction;
    let inside = |skip: usize| skip < follow;
    let fits = |holds: bool, what| if holds { Ok(()) } else { Err(what) };
    match code & 0x07 {
        LD => match code & !0x07 {
            it if [W | ABS, H | ABS, B | ABS, W | IND, H | IND, B | IND, IMM, W | LEN].contains(&it) => {
                Ok(())
            }
            it if it == W | MEM => fits(k < MEMORY, "the memory has 16 words"),
            _ => Err("no such load"),
        },
        LDX => match code & !0x07 {
            it if [IMM, W | LEN, B | MSH].contains(&it) => Ok(()),
            it if it == W | MEM => fits(k < MEMORY, "the memory has 16 words"),
            _ => Err("no such load"),
        },
        ST | STX if code & !0x07 == 0 => fits(k < MEMORY, "the memory has 16 words"),
        ALU => {
            let by_number = code & X == 0;
            match code & 0xf0 {
                _ if code & !0xff != 0 => Err("no such computation"),
                DIV | MOD => fits(!by_number || k != 0, "nothing is divided by zero"),
                LSH | RSH => fits(!by_number || k < 32, "a word has 32 bits"),
                ADD | SUB | MUL | OR | AND | XOR => Ok(()),
                NEG => fits(by_number, "no such computation"),
                _ => Err("no such computation"),
            }
        }
        JMP => match code & 0xf0 {
            _ if code & !0xff != 0 => Err("no such jump"),
            JA if code & X == 0 => {
                fits(usize::try_from(k).is_ok_and(inside), "a jump ends within the program")
            }
            JEQ | JGT | JGE | JSET => {
                fits(inside(jt.into()) && inside(jf.into()), "a jump ends within the program")
            }
            _ => Err("no such jump"),
        },
        RET if [K, A].contains(&(code & !0x07)) => Ok(()),
        MISC if [TAX, TXA].contains(&(code & !0x07)) => Ok(()),
        _ => Err("no such instruction"),
    }
}

#[cfg(test)]
mod tests {
    use super::machine::{Packet, run};
    use super::*;
    use proptest::prelude::*;

    fn refusal(instructions: &[(u16, u8, u8, u32)]) -> String {
        let instructions =
            instructions.iter().map(|(code, jt, jf, k)| Instruction { code: *code, jt: *jt, jf: *jf, k: *k });
        Program::new(instructions.collect()).map_or_else(|error| error.to_string(), |_| "none".to_owned())
    }

    #[test]
    fn what_the_kernel_would_refuse_is_refused_with_its_place() {
        let all = (0x06, 0, 0, 0x4_0000);
        assert_eq!(refusal(&[all]), "none");
        assert_eq!(refusal(&[]), "instruction 0: a program has between 1 and 4096 instructions");
        assert_eq!(refusal(&[(0x28, 0, 0, 12)]), "instruction 0: the last one returns");
        assert_eq!(refusal(&[all, (0x15, 0, 1, 6), all]), "instruction 1: a jump ends within the program");
        assert_eq!(refusal(&[(0x05, 0, 0, u32::MAX), all]), "instruction 0: a jump ends within the program");
        assert_eq!(refusal(&[(0x34, 0, 0, 0), all]), "instruction 0: nothing is divided by zero");
        assert_eq!(refusal(&[(0x02, 0, 0, 16), all]), "instruction 0: the memory has 16 words");
        assert_eq!(refusal(&[(0x64, 0, 0, 32), all]), "instruction 0: a word has 32 bits");
        assert_eq!(refusal(&[(0xffff, 0, 0, 0), all]), "instruction 0: no such instruction");
    }

    fn instruction() -> impl Strategy<Value = Instruction> {
        let code = prop_oneof![0..0xc0_u16, Just(0x06_u16), Just(0x16), any::<u16>()];
        let k = prop_oneof![0..20_u32, Just(NETWORK), Just(PROTOCOL), any::<u32>()];
        (code, 0..4_u8, 0..4_u8, k).prop_map(|(code, jt, jf, k)| Instruction { code, jt, jf, k })
    }

    proptest! {
        #[test]
        fn a_program_that_passes_ends_whatever_the_frame(
            program in prop::collection::vec(instruction(), 1..12), bytes in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut program = program;
            program.push(Instruction { code: 0x06, jt: 0, jf: 0, k: 1 });
            if let Ok(program) = Program::new(program) {
                run(&program, Packet { bytes: &bytes, network: 14, protocol: 0x0800, tag: None });
            }
        }
    }
}

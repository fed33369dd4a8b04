//! What must hold for any packets in any order.

use proptest::prelude::*;

use super::*;

/// Cuts `bytes` into packets of the given lengths.
fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut lengths = lengths.iter().cycle();
    while !bytes.is_empty() {
        let (part, rest) = bytes.split_at((*lengths.next().unwrap()).min(bytes.len()));
        parts.push(part);
        bytes = rest;
    }
    parts
}

proptest! {
    #[test]
    fn any_cut_order_and_repetition_gives_the_same_bytes_and_a_loss_no_wrong_ones(
        wholes: [Vec<u8>; 2],
        lengths in prop::collection::vec(1_usize..9, 1..5),
        numbers: (u16, u16, u16),
        answer_first: bool,
        order in prop::collection::vec((0_usize..12, any::<bool>(), 0_u8..20), 16..200),
        lossy: bool,
    ) {
        // A question mark stands for what was lost.
        let wholes = wholes.map(|mut whole| {
            whole.retain(|byte| *byte != b'?');
            whole
        });
        let (id, first, s) = numbers;
        let mut packets = Vec::new();
        let mut lost = 0;
        for (which, whole) in wholes.iter().enumerate() {
            let (from, id, first) =
                if which == 0 { (End::Orig, id.wrapping_add(1), first.wrapping_add(1)) } else { (End::Resp, id, s) };
            for (place, (part, choice)) in (0_u16..).zip(cut(whole, &lengths).into_iter().zip(order.iter().cycle())) {
                let (late, again, fate) = *choice;
                let bytes = packet(DATA, id, first.wrapping_add(place), 0, part);
                let due = usize::from(place);
                if lossy && fate == 0 {
                    lost += 1;
                    continue;
                }
                packets.push((due + late, from, bytes.clone()));
                if again {
                    packets.push((due + usize::from(fate), from, bytes));
                }
            }
        }
        packets.sort_by_key(|(due, ..)| *due);
        let syn = (0, End::Orig, packet(SYN, id, first, 0, b""));
        let answer = (0, End::Resp, packet(STATE, id, s, first, b""));
        let late = order[0].0.min(packets.len());
        packets.insert(late, if answer_first { syn.clone() } else { answer.clone() });
        packets.insert(0, if answer_first { answer } else { syn });

        let mut bench = Bench::new();
        for (_, from, bytes) in &packets {
            prop_assert!(bench.datagram(*from, bytes, 0) != Some(Place::Stray));
        }
        let facts = bench.finish()[0];
        prop_assert_eq!(facts.initiator, End::Orig);
        for (whole, end) in wholes.iter().zip([End::Orig, End::Resp]) {
            let out = bench.out.get(&(0, end)).cloned().unwrap_or_default();
            if lost == 0 {
                prop_assert_eq!(&out, whole);
                prop_assert_eq!(*facts.seen.at(end), whole.len() as u64);
            } else {
                let agreed = out.iter().zip(whole).take_while(|(out, whole)| out == whole).count();
                prop_assert!(agreed == out.len() || out[agreed] == b'?', "{:?} of {:?}", out, whole);
            }
        }
        prop_assert!(facts.lost.orig + facts.lost.resp <= lost);
        prop_assert!(bench.anomalies().iter().all(|(kind, _)| lost > 0 && *kind == Anomaly::UtpGap));
    }

    #[test]
    fn any_packets_are_survived_and_nothing_stays_held(
        packets in prop::collection::vec(
            (any::<bool>(), 0_usize..5, 0_u16..4, 0_u16..6, 0_u16..4, 0_usize..300, any::<u8>()), 0..300),
        cap in 0_usize..4000,
        released: bool,
    ) {
        let mut bench = Bench::new();
        bench.budget.cap = cap;
        for (from, kind, id, seq, ack, len, passed) in packets {
            bench.now.0 += i64::from(passed) * 20 * MILLISECOND;
            let from = if from { End::Orig } else { End::Resp };
            let kind = [DATA, FIN, STATE, RESET, SYN][kind];
            let payload = vec![0x55; if kind == SYN { 0 } else { len }];
            bench.packet(from, kind, id, seq, ack, &payload);
            prop_assert!(bench.budget.now <= cap);
        }
        if released {
            bench.connections.release(&mut bench.budget);
        } else {
            bench.finish();
        }
        prop_assert_eq!(bench.budget.now, 0);
        prop_assert!(bench.connections.facts().count() <= MOST);
    }

    #[test]
    fn any_bytes_are_survived(datagrams: Vec<(bool, u8, Vec<u8>)>) {
        let mut bench = Bench::new();
        for (from, kind, bytes) in datagrams {
            let bytes = [&[kind << 4 | 1, 0][..], &bytes].concat();
            bench.datagram(if from { End::Orig } else { End::Resp }, &bytes, 0);
        }
        bench.finish();
    }
}

//! Well-formed BitTorrent payload, chosen by two fuzz bytes each.

/// A peer-wire handshake or message, or something that is nearly one.
pub fn peer_wire(which: u8, size: u8) -> Vec<u8> {
    let long = usize::from(size) * 64;
    let message = |id: u8, body: &[u8]| {
        let len = u32::try_from(1 + body.len()).expect("bodies are short");
        [&len.to_be_bytes()[..], &[id], body].concat()
    };
    match which & 15 {
        0 | 1 => {
            let infohash = [0xa0 | which & 1; 20];
            [
                &b"\x13BitTorrent protocol"[..],
                &[0, 0, 0, 0, 0, 0x10, 0, 5],
                &infohash,
                b"-LT2110-",
                &[size; 12],
            ]
            .concat()
        }
        2 => vec![0; 4],
        3 => message(size, &[]),
        4 => message(4, &[0, 0, 0, size]),
        5 => message(5, &vec![size; usize::from(size)]),
        6 => message(6, &[0, 0, 0, size, 0, 0, 0, 0, 0, 0, 0x40, 0]),
        7 => message(7, &[&[0, 0, 0, size, 0, 0, 0, 0][..], &vec![size; long]].concat()),
        // The head of a piece whose bytes follow in other segments, or never.
        8 => [0, 0, 0x40, 9, 7, 0, 0, 0, size, 0, 0, 0, 0].to_vec(),
        9 => message(20, &[&[size & 3][..], b"d1:md6:ut_pexi1eee"].concat()),
        10 => message(14 + (size & 3), &[]),
        11 => [0xff, size, 0, 0, 7].to_vec(),
        12 => vec![size; long],
        13 => [&peer_wire(0, size)[..], &peer_wire(5, size), &peer_wire(7, 2)].concat(),
        14 => b"\x13BitTorrent protocol"[..usize::from(size) % 21].to_vec(),
        _ => message(21, &vec![size; usize::from(size)]),
    }
}

/// A KRPC message: `which` is the kind:3, whether it has a client mark:1 and is read-only:1, and the transaction:3;
/// `names` are the sender:2 and the target:6.
pub fn krpc(which: u8, names: u8) -> Vec<u8> {
    // Some targets are near to some senders.
    let id = [0xaa, 0xab, 0x55, 0].map(|fill| [fill; 20])[usize::from(names & 3)];
    let target = [[0xaa; 19], [0x55; 19], [0xc0; 19], [names; 19]][usize::from(names >> 2 & 3)];
    let target = [&target[..], &[names >> 4]].concat();
    let arguments = [&b"d2:id20:"[..], &id].concat();
    let (key, body): (&str, Vec<u8>) = match which & 7 {
        0 => ("q", query(b"ping", &[&arguments[..], b"e"])),
        1 => ("q", query(b"find_node", &[&arguments, b"6:target20:", &target, b"e"])),
        2 => ("q", query(b"get_peers", &[&arguments, b"9:info_hash20:", &target, b"e"])),
        3 => (
            "q",
            query(b"announce_peer", &[&arguments, b"9:info_hash20:", &target, b"4:porti6881e5:token2:tte"]),
        ),
        4 => ("r", [&b"1:r"[..], &arguments, b"e"].concat()),
        5 => (
            "r",
            [&b"1:r"[..], &arguments, b"5:nodes26:", &target, &[10, 0, 0, 1, 0x1a, 0xe1], b"e"].concat(),
        ),
        6 => ("r", [&b"1:r"[..], &arguments, b"6:valuesl6:", &[10, 0, 1, 1, 0x1a, 0xe1], b"ee"].concat()),
        _ => ("e", b"1:eli201e5:Errore".to_vec()),
    };
    let read_only: &[u8] = if which & 0x10 == 0 { b"" } else { b"2:roi1e" };
    let client: &[u8] = if which & 8 == 0 { b"" } else { b"1:v4:LT\x01\x02" };
    [b"d", &body[..], read_only, b"1:t2:t", &[which >> 5], client, b"1:y1:", key.as_bytes(), b"e"].concat()
}

fn query(method: &[u8], arguments: &[&[u8]]) -> Vec<u8> {
    let len = format!("1:q{}:", method.len());
    [b"1:a", &arguments.concat()[..], len.as_bytes(), method].concat()
}

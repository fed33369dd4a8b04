//! Well-formed headers around fuzzed payload: a fuzzer would spend its life on finding a TCP header by chance.
//! Checksums are left out, since nothing here verifies them.

/// One end of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct End {
    pub ip: [u8; 4],
    pub port: u16,
    pub mac: [u8; 6],
}

/// How an IP packet is written and what goes around it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wrap {
    pub vlan: Option<u16>,
    /// A GRE key.
    pub tunnel: Option<u32>,
    pub ipv6: bool,
    /// Where an IPv4 packet's payload is cut in two, in units of eight bytes; zero leaves it whole.
    pub fragment_at: u8,
}

/// An IP payload, and between whom.
#[derive(Clone, Debug)]
pub struct Packet {
    pub src: End,
    pub dst: End,
    pub protocol: u8,
    /// The IP identification.
    pub id: u16,
    pub payload: Vec<u8>,
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const GRE: u8 = 47;

pub fn tcp(src: End, dst: End, seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Packet {
    let mut segment = ports(src, dst);
    segment.extend(seq.to_be_bytes());
    segment.extend(ack.to_be_bytes());
    segment.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend(payload);
    Packet { src, dst, protocol: TCP, id: 0, payload: segment }
}

pub fn udp(src: End, dst: End, payload: &[u8]) -> Packet {
    let mut datagram = ports(src, dst);
    datagram.extend(half(8 + payload.len()));
    datagram.extend([0, 0]);
    datagram.extend(payload);
    Packet { src, dst, protocol: UDP, id: 0, payload: datagram }
}

/// Puts a packet into one Ethernet frame, or into two where it is to be fragmented.
pub fn frames(packet: &Packet, wrap: Wrap) -> Vec<Vec<u8>> {
    let &Packet { src, dst, protocol, id, ref payload } = packet;
    let cut = usize::from(wrap.fragment_at) * 8;
    let packets = if wrap.ipv6 {
        vec![ipv6(src, dst, protocol, payload)]
    } else if (1..payload.len()).contains(&cut) {
        const MORE: u16 = 0x2000;
        let (front, back) = payload.split_at(cut);
        vec![
            ipv4(src.ip, dst.ip, protocol, id, MORE, front),
            ipv4(src.ip, dst.ip, protocol, id, wrap.fragment_at.into(), back),
        ]
    } else {
        vec![ipv4(src.ip, dst.ip, protocol, id, 0, payload)]
    };
    packets.into_iter().map(|packet| ethernet(src, dst, packet, wrap)).collect()
}

fn ports(src: End, dst: End) -> Vec<u8> {
    [src.port.to_be_bytes(), dst.port.to_be_bytes()].concat()
}

fn ipv4(src: [u8; 4], dst: [u8; 4], protocol: u8, id: u16, part: u16, payload: &[u8]) -> Vec<u8> {
    let [id_high, id_low] = id.to_be_bytes();
    let [part_high, part_low] = part.to_be_bytes();
    let [len_high, len_low] = half(20 + payload.len());
    let head = [0x45, 0, len_high, len_low, id_high, id_low, part_high, part_low, 64, protocol, 0, 0];
    [&head[..], &src, &dst, payload].concat()
}

fn ipv6(src: End, dst: End, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let address = |end: End| [&[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0][..], &end.ip].concat();
    let [len_high, len_low] = half(payload.len());
    let head = [0x60, 0, 0, 0, len_high, len_low, protocol, 64];
    [&head[..], &address(src), &address(dst), payload].concat()
}

fn ethernet(src: End, dst: End, packet: Vec<u8>, wrap: Wrap) -> Vec<u8> {
    let kind = |packet: &[u8]| if packet[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] };
    let packet = match wrap.tunnel {
        None => packet,
        Some(key) => {
            let body = [&[0x20, 0][..], &kind(&packet), &key.to_be_bytes(), &packet].concat();
            ipv4([192, 0, 2, 1], [192, 0, 2, 2], GRE, 0, 0, &body)
        }
    };
    let mut frame = [dst.mac, src.mac].concat();
    if let Some(vlan) = wrap.vlan {
        frame.extend([0x81, 0x00]);
        frame.extend(vlan.to_be_bytes());
    }
    frame.extend(kind(&packet));
    frame.extend(packet);
    frame
}

fn half(len: usize) -> [u8; 2] {
    u16::try_from(len).expect("scenes make no packet of 64 KiB").to_be_bytes()
}

//! The program by which the kernel spreads frames over workers (`PACKET_FANOUT_CBPF`): [`Steering`]'s function of plain
//! TCP and UDP, under no tag or one that is left in the frame. Of all else, frames of the same two addresses stay together,
//! and what has no addresses comes to the first worker. Whoever gets a frame that is another's hands it on.
//!
//! Loads are relative to the network header: where the frame's own bytes begin depends on whether it comes or goes.

use auditor_core::flow::steer::Steering;

use super::assembler::{Assembler, Label};
use super::code::{A, ABS, ADD, ALU, B, H, IMM, IND, JEQ, JSET, K, LD, LDX, MEM, MISC, MSH, MUL, RET, RSH};
use super::code::{ST, TAX, W, X, XOR};
use super::{NETWORK, PROTOCOL, Program, RANDOM};

const IPV4: u32 = 0x0800;
const IPV6: u32 = 0x86dd;
const TAGS: [u32; 2] = [0x8100, 0x88a8];
/// MPLS, and the session stage of `PPPoE`.
const WRAPPED: [u32; 3] = [0x8847, 0x8848, 0x8864];
const TAG: u32 = 4;

/// Words of the machine's memory.
const ADDRESS: u32 = 0;
const SOURCE: u32 = 1;
const SOURCE_PORT: u32 = 2;
const DESTINATION_PORT: u32 = 3;

/// The program for these secret numbers. What it returns is divided by the number of workers; the rest is the worker.
pub(crate) fn program(steering: &Steering) -> Program {
    let mut writer = Writer { out: Assembler::default(), steering: *steering };
    writer.write();
    let instructions = writer.out.finish().and_then(|instructions| Program::new(instructions).ok());
    // Without a program the first worker gets all, and hands on what is not its own.
    instructions.unwrap_or_else(Program::nothing)
}

struct Writer {
    out: Assembler,
    steering: Steering,
}

impl Writer {
    fn write(&mut self) {
        let (untagged, tagged, wrapped, first) =
            (self.out.label(), self.out.label(), self.out.label(), self.out.label());
        self.out.put(LD | W | ABS, PROTOCOL);
        self.choose(&TAGS, tagged);
        self.choose(&WRAPPED, wrapped);
        self.out.jump(untagged);

        self.out.place(untagged);
        self.ip(0, first);
        self.out.place(tagged);
        self.out.put(LD | H | ABS, NETWORK + 2);
        self.ip(TAG, first);
        self.out.place(wrapped);
        self.out.put(LD | W | ABS, RANDOM).put(RET | A, 0);
        self.out.place(first);
        self.out.put(RET | K, 0);
    }

    /// Goes to `there` where A is one of `values`.
    fn choose(&mut self, values: &[u32], there: Label) {
        for value in values {
            let next = self.out.label();
            self.out.test(JEQ, *value, there, next);
            self.out.place(next);
        }
    }

    /// With the `EtherType` in A, and the IP header `at` bytes behind where the kernel says.
    fn ip(&mut self, at: u32, otherwise: Label) {
        let (v4, v6, not_v4) = (self.out.label(), self.out.label(), self.out.label());
        self.out.test(JEQ, IPV4, v4, not_v4);
        self.out.place(not_v4);
        self.out.test(JEQ, IPV6, v6, otherwise);
        self.out.place(v4);
        self.ipv4(NETWORK + at);
        self.out.place(v6);
        self.ipv6(NETWORK + at);
    }

    fn ipv4(&mut self, at: u32) {
        const FRAGMENT: u32 = 0x3fff;
        let (whole, ports, plain, hash) =
            (self.out.label(), self.out.label(), self.out.label(), self.out.label());
        self.no_ports();
        self.out.put(LD | H | ABS, at + 6);
        self.out.test(JSET, FRAGMENT, hash, whole);
        self.out.place(whole);
        self.out.put(LD | B | ABS, at + 9);
        self.choose(&[6, 17], plain);
        self.out.jump(hash);
        self.out.place(plain);
        self.out.put(LDX | B | MSH, at);
        self.out.jump(ports);
        self.out.place(ports);
        self.ports(LD | H | IND, at);
        self.out.place(hash);
        self.hash(|writer, end| {
            writer.out.put(LD | W | ABS, at + 12 + 4 * end);
        });
    }

    fn ipv6(&mut self, at: u32) {
        let (plain, hash) = (self.out.label(), self.out.label());
        self.no_ports();
        self.out.put(LD | B | ABS, at + 6);
        self.choose(&[6, 17], plain);
        self.out.jump(hash);
        self.out.place(plain);
        self.ports(LD | H | ABS, at + 40);
        self.out.place(hash);
        let over = self.steering.word;
        self.hash(|writer, end| {
            let ip = at + 8 + 16 * end;
            writer.out.put(LD | W | ABS, ip);
            for word in 1..4 {
                writer.out.put(ALU | MUL | K, over).put(ST, ADDRESS);
                writer.out.put(LD | W | ABS, ip + 4 * word).put(LDX | MEM, ADDRESS).put(ALU | ADD | X, 0);
            }
        });
    }

    fn no_ports(&mut self) {
        self.out.put(LD | IMM, 0).put(ST, SOURCE_PORT).put(ST, DESTINATION_PORT);
    }

    fn ports(&mut self, load: u16, at: u32) {
        let over = self.steering.port;
        self.out.put(load, at).put(ALU | MUL | K, over).put(ST, SOURCE_PORT);
        self.out.put(load, at + 2).put(ALU | MUL | K, over).put(ST, DESTINATION_PORT);
    }

    /// Both ends' addresses, which `load` loads, with their ports; and returns.
    fn hash(&mut self, load: impl Fn(&mut Self, u32)) {
        load(self, 0);
        self.end(SOURCE_PORT);
        self.out.put(ST, SOURCE);
        load(self, 1);
        self.end(DESTINATION_PORT);
        self.out.put(LDX | MEM, SOURCE).put(ALU | ADD | X, 0).put(ALU | MUL | K, self.steering.both);
        self.fold(16);
        self.out.put(RET | A, 0);
    }

    /// Mixes the address in A with a port.
    fn end(&mut self, port: u32) {
        self.out.put(ALU | MUL | K, self.steering.address);
        self.out.put(LDX | MEM, port).put(ALU | ADD | X, 0);
        self.fold(15);
        self.out.put(ALU | MUL | K, self.steering.end);
        self.fold(13);
    }

    /// A ^= A >> bits
    fn fold(&mut self, bits: u32) {
        self.out.put(MISC | TAX, 0).put(ALU | RSH | K, bits).put(ALU | XOR | X, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::machine::{Packet, run};
    use super::*;
    use auditor_core::flow::key::{Endpoint, FlowKey, Transport};
    use auditor_core::wire::path::Path;
    use proptest::prelude::*;

    fn ipv4(src: [u8; 4], dst: [u8; 4], words: u8, part: u16, protocol: u8, ports: [u16; 2]) -> Vec<u8> {
        let part = part.to_be_bytes();
        let mut packet = vec![0x40 | words, 0, 0, 0, 0, 0, part[0], part[1], 64, protocol, 0, 0];
        packet.extend(src.into_iter().chain(dst));
        packet.resize(usize::from(words) * 4, 1);
        packet.extend(ports.into_iter().flat_map(u16::to_be_bytes));
        packet
    }

    fn ipv6(src: [u8; 16], dst: [u8; 16], protocol: u8, ports: [u16; 2]) -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0, 0, 4, protocol, 64];
        packet.extend(src.into_iter().chain(dst));
        packet.extend(ports.into_iter().flat_map(u16::to_be_bytes));
        packet
    }

    fn hash(steering: &Steering, src: ([u8; 16], u16), dst: ([u8; 16], u16)) -> u32 {
        let end = |(ip, port)| Endpoint { ip, port };
        steering.hash(&FlowKey::new(end(src), end(dst), Transport::Udp, 0, &Path::default()).0)
    }

    fn mapped(ip: [u8; 4]) -> [u8; 16] {
        std::net::Ipv4Addr::from(ip).to_ipv6_mapped().octets()
    }

    /// The packet in a frame as the kernel shows it, one tag taken out or not, one tag left in or not.
    fn steered(steering: &Steering, packet: &[u8], ether_type: u16, tagged: bool) -> u32 {
        let mut bytes = vec![0; 12];
        if tagged {
            bytes.extend([0x81, 0, 0, 7]);
        }
        bytes.extend(ether_type.to_be_bytes());
        bytes.extend(packet);
        let protocol = if tagged { 0x8100 } else { ether_type };
        run(&program(steering), Packet { bytes: &bytes, network: 14, protocol, tag: Some(5) })
    }

    proptest! {
        #[test]
        fn the_kernel_s_program_and_our_function_agree(
            seed: u64, src: [u8; 4], dst: [u8; 4], src6: [u8; 16], dst6: [u8; 16], ports: [u16; 2],
            words in 5..=15_u8, protocol in prop_oneof![Just(6_u8), Just(17)], tagged: bool,
        ) {
            let steering = Steering::new(seed);
            let packet = ipv4(src, dst, words, 0x4000, protocol, ports);
            let ours = hash(&steering, (mapped(src), ports[0]), (mapped(dst), ports[1]));
            prop_assert_eq!(steered(&steering, &packet, 0x0800, tagged), ours);
            let packet = ipv6(src6, dst6, protocol, ports);
            let ours = hash(&steering, (src6, ports[0]), (dst6, ports[1]));
            prop_assert_eq!(steered(&steering, &packet, 0x86dd, tagged), ours);
        }

        #[test]
        fn what_has_no_ports_stays_together_by_its_addresses(
            seed: u64, src: [u8; 4], dst: [u8; 4], part in 1..0x4000_u16, ports: [u16; 2], protocol: u8,
        ) {
            let steering = Steering::new(seed);
            let ours = hash(&steering, (mapped(src), 0), (mapped(dst), 0));
            let there = ipv4(src, dst, 5, part, protocol, ports);
            let back = ipv4(dst, src, 5, 0, 47, [0, 0]);
            prop_assert_eq!(steered(&steering, &there, 0x0800, false), ours);
            prop_assert_eq!(steered(&steering, &back, 0x0800, false), ours);
        }
    }

    #[test]
    fn what_is_no_ip_comes_to_the_first_and_what_is_wrapped_to_any() {
        let steering = Steering::new(3);
        assert_eq!(steered(&steering, &[0; 28], 0x0806, false), 0);
        assert_eq!(steered(&steering, &[0; 28], 0x8847, false), 4, "the test's random number");
        assert_eq!(steered(&steering, &[0x45], 0x0800, false), 0, "cut short");
        assert!(program(&steering).instructions().len() > 100, "it is a program that passes the check");
    }
}

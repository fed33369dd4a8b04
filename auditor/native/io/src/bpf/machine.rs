//! The machine itself, for tests: what a program returns for a frame.

use super::{ANCILLARY, Instruction, NETWORK, PROTOCOL, Program, RANDOM, VLAN_TAG, VLAN_TAG_PRESENT, code};

/// A frame as the kernel has it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Packet<'a> {
    pub(crate) bytes: &'a [u8],
    /// Where the network header begins.
    pub(crate) network: usize,
    /// The `EtherType` behind tags that were taken out.
    pub(crate) protocol: u16,
    /// The tag that was taken out.
    pub(crate) tag: Option<u16>,
}

/// What a program returns; 0 where it loads what is not there, as the kernel has it.
pub(crate) fn run(program: &Program, packet: Packet<'_>) -> u32 {
    execute(program.instructions(), packet).unwrap_or(0)
}

fn execute(program: &[Instruction], packet: Packet<'_>) -> Option<u32> {
    let (mut a, mut x, mut memory, mut at) = (0_u32, 0_u32, [0_u32; 16], 0_usize);
    loop {
        let Instruction { code, jt, jf, k } = program[at];
        at += 1;
        let operand = if code & code::X == 0 { k } else { x };
        match code & 0x07 {
            code::LD => {
                a = match code & 0xe0 {
                    code::IMM => k,
                    code::LEN => packet.bytes.len().try_into().unwrap(),
                    code::MEM => memory[k as usize],
                    code::ABS => load(packet, k, code & 0x18)?,
                    _ => load(packet, x.wrapping_add(k), code & 0x18)?,
                }
            }
            code::LDX => {
                x = match code & 0xe0 {
                    code::IMM => k,
                    code::LEN => packet.bytes.len().try_into().unwrap(),
                    code::MEM => memory[k as usize],
                    _ => 4 * (load(packet, k, code::B)? & 0xf),
                }
            }
            code::ST => memory[k as usize] = a,
            code::STX => memory[k as usize] = x,
            code::ALU => {
                a = match code & 0xf0 {
                    code::ADD => a.wrapping_add(operand),
                    code::SUB => a.wrapping_sub(operand),
                    code::MUL => a.wrapping_mul(operand),
                    code::DIV => a.checked_div(operand)?,
                    code::MOD => a.checked_rem(operand)?,
                    code::OR => a | operand,
                    code::AND => a & operand,
                    code::XOR => a ^ operand,
                    code::LSH => a << (operand & 31),
                    code::RSH => a >> (operand & 31),
                    _ => a.wrapping_neg(),
                }
            }
            code::JMP => {
                let holds = match code & 0xf0 {
                    code::JA => {
                        at += k as usize;
                        continue;
                    }
                    code::JEQ => a == operand,
                    code::JGT => a > operand,
                    code::JGE => a >= operand,
                    _ => a & operand != 0,
                };
                at += usize::from(if holds { jt } else { jf });
            }
            code::RET => return Some(if code & code::A == 0 { k } else { a }),
            _ if code & code::TXA == 0 => x = a,
            _ => a = x,
        }
    }
}

fn load(packet: Packet<'_>, at: u32, size: u16) -> Option<u32> {
    match at {
        PROTOCOL => return Some(packet.protocol.into()),
        VLAN_TAG => return Some(packet.tag.unwrap_or_default().into()),
        VLAN_TAG_PRESENT => return Some(packet.tag.is_some().into()),
        RANDOM => return Some(4),
        _ => {}
    }
    let from = match at {
        ANCILLARY.. => return None,
        NETWORK.. => packet.network + (at - NETWORK) as usize,
        _ => at as usize,
    };
    let bytes = packet.bytes.get(from..)?;
    Some(match size {
        code::W => u32::from_be_bytes(*bytes.first_chunk()?),
        code::H => u16::from_be_bytes(*bytes.first_chunk()?).into(),
        _ => (*bytes.first()?).into(),
    })
}

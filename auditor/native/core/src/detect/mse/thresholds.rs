//! Every number by which an obfuscated stream is known or tied to a swarm, with its reason. Nothing else decides.
//!
//! A change here changes what is said about people: it moves [`RULES`] and is measured anew.

use crate::time::Timestamp;

/// The version of these rules. It goes with every result, so that an old one can be read by the rules of its day.
pub const RULES: u16 = 1;

// The shape of one flow.

/// A Diffie-Hellman key of 768 bits: the first flight of each direction begins with one.
pub const KEY: u32 = 96;

/// The longest first flight of a direction: a key and 512 bytes of padding.
pub const KEY_AND_PAD: u32 = KEY + 512;

/// The shortest third flight: two hashes of 20 bytes, then the verification constant (8), what is offered (4) and the
/// lengths (2 and 2) of padding and first payload.
pub const THIRD_AT_LEAST: u32 = 56;

/// The shortest fourth flight: the verification constant (8), what is chosen (4), the length of the padding (2).
pub const FOURTH_AT_LEAST: u32 = 14;

/// A peer-wire handshake. libtorrent and aria2 send theirs, encrypted or not, only after the fourth flight: the fifth is
/// then just so long. Nothing else in 2,741 flows of other programs had this length there.
pub const FIFTH_TELLING: u32 = 68;

/// A third flight without padding that carries the handshake: Transmission and rTorrent.
pub const THIRD_TELLING: u32 = THIRD_AT_LEAST + FIFTH_TELLING;

/// After so long a silence the fifth flight is over even without an answer: longer than a delayed acknowledgement and
/// Nagle's algorithm hold a segment back in common stacks, shorter than the first retransmission in most.
pub const FIFTH_PAUSE: i64 = 200 * 1_000_000;

/// How far the mean number of one bits may be from four a byte, in standard deviations, which are √(2/n) of n bytes.
/// Beyond four lies one random flight in 16,000. The generator filter of a national firewall draws the line at 3.4 and
/// 4.6 bits a byte whatever the length, which lets through what is plainly not random in a long flight.
pub const POPCOUNT_SIGMAS: u64 = 4;

/// The least Shannon entropy of the first 96 bytes, in thousandths of a bit. 96 random bytes have 6.24 on average, one
/// in a thousand has less than 6.02, and none can have more than log₂ 96 = 6.585.
pub const ENTROPY_AT_LEAST: u32 = 5_950;

/// The largest share of printable characters, in thousandths. Random bytes have 371.
pub const PRINTABLE_AT_MOST: u64 = 550;

/// Text shows in its first characters: so many printable ones at the front come by chance in two flights of a thousand.
pub const FIRST_PRINTABLE: usize = 6;

/// How many first bytes must be there for a look at their bits, so that most of what is not random costs no memory. The
/// last is a whole key: what passes there is followed.
pub const CHECKPOINTS: [usize; 3] = [16, 32, KEY as usize];

/// How far into a direction's stream a readable handshake is looked for. The responder's begins by 1,134 (key, padding,
/// 14 bytes, padding), the initiator's by 1,176.
pub const READABLE_WITHIN: usize = 1300;

/// What is kept of a direction: enough for a handshake that begins late and the head of the message after it.
pub const KEPT: usize = 1400;

// Ties between flows.

/// Ports below are those of services: messengers on port 443 look random from the first byte.
pub const FIRST_FREE_PORT: u16 = 1024;

/// How long an endpoint that was named for a swarm stays so: a tracker is asked again after 30 minutes.
pub const NAMED_FOR: i64 = 30 * 60 * Timestamp::SECOND;

/// How long an endpoint named for a hole punch stays so: it is tried at once.
pub const PUNCHED_FOR: i64 = 30 * Timestamp::SECOND;

/// How soon after its plain handshake was refused a client tries again obfuscated: about one second was measured.
pub const FALLBACK_WITHIN: i64 = 5 * Timestamp::SECOND;

/// How many independent senders must have named an endpoint: one forged message must not suffice.
pub const SENDERS: usize = 2;

/// How many endpoints of one swarm, together named by [`SENDERS`], stand for one that was named by so many.
pub const ENDPOINTS: usize = 3;

/// Within how long flows of one host are counted together.
pub const WINDOW: i64 = 10 * 60 * Timestamp::SECOND;

/// How many remote addresses a host that is known to speak BitTorrent must meet by shape alone. Addresses and not flows
/// are counted: a proxy is one, however often it is asked.
pub const ADDRESSES: usize = 10;

/// How many remote addresses a host must meet by a telling length beside the shape.
pub const ADDRESSES_TELLING: usize = 5;

/// For how long a host that spoke BitTorrent in clear is known to, and for how long its listening port is: twice the
/// interval of a tracker.
pub const KNOWN_FOR: i64 = 2 * NAMED_FOR;

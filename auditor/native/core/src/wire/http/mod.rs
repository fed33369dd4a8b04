//! HTTP/1.x messages in clear, RFC 9110 and 9112: `head`, then a body whose length the head tells.
//!
//! `head` reads request and status lines with the few header lines that are needed here; `target` takes a request's
//! target apart, `host` names a server; `chunked` and `inflate` undo the codings of a body, bit by bit and within bounds. Of a cookie or a
//! log-in only its presence is told.

pub mod chunked;
pub mod head;
pub mod host;
pub mod inflate;
pub mod target;

pub use self::chunked::Chunked;
pub use self::head::{Length, MAX_HEAD, RequestHead, ResponseHead};
pub use self::host::host_name;
pub use self::inflate::{Coding, Inflater};
pub use self::target::Target;

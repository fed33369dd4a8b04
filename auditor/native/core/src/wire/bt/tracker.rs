//! What announces say over any transport, BEP 3 and 15.

/// Why a client announces itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Event {
    /// Because it was time to.
    #[default]
    Regular,
    /// It has begun.
    Started,
    /// It has just got the last piece.
    Completed,
    /// It stops.
    Stopped,
    /// It stays and wants no more pieces (BEP 21).
    Paused,
    /// Something else.
    Other,
}

impl Event {
    /// The event of a number, as UDP trackers have it.
    #[must_use]
    pub const fn of_code(code: u32) -> Self {
        match code {
            0 => Self::Regular,
            1 => Self::Completed,
            2 => Self::Started,
            3 => Self::Stopped,
            _ => Self::Other,
        }
    }

    /// The event of a word, as HTTP and WebSocket trackers have it; an empty one is none.
    #[must_use]
    pub const fn of_word(word: &[u8]) -> Self {
        match word {
            b"" | b"empty" | b"update" => Self::Regular,
            b"started" => Self::Started,
            b"completed" => Self::Completed,
            b"stopped" => Self::Stopped,
            b"paused" => Self::Paused,
            _ => Self::Other,
        }
    }

    /// The event's word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_name_the_same_events() {
        let words: [&[u8]; 5] = [b"", b"completed", b"started", b"stopped", b"nonsense"];
        for (code, word) in (0..).zip(words) {
            assert_eq!(Event::of_code(code), Event::of_word(word));
        }
        assert_eq!(Event::of_word(b"paused").label(), "paused");
    }
}

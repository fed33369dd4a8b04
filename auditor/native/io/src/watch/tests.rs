use std::time::Instant;

use super::*;
use crate::input::SourceKind;
use crate::samples::Maker;

/// A capture of UDP frames at these milliseconds.
fn capture(milliseconds: &[u32]) -> Vec<CaptureSource> {
    let mut frame = vec![0; 12];
    frame.extend([0x08, 0x00, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 192, 0, 2, 1]);
    frame.extend([0x04, 0, 0x05, 0, 0, 12, 0, 0, 1, 2, 3, 4]);
    let mut maker = Maker::new(false);
    maker.pcap(0xa1b2_c3d4, 1);
    for at in milliseconds {
        maker.record(1_000_000 + at / 1000, at % 1000 * 1000, 46, &frame);
    }
    let kind = SourceKind::Memory(maker.bytes.into());
    vec![CaptureSource { path: "a.pcap".to_owned(), kind, vantage: 0 }]
}

fn all(watch: &Watch) -> Vec<News> {
    let mut news: Vec<News> = Vec::new();
    while news.last().is_none_or(|news| !news.is_over) {
        watch.wait(Duration::from_millis(20));
        news.push(watch.drain());
    }
    news
}

fn pace(speed: Option<f64>, loops: u32) -> Pace {
    Pace { speed, loops, gap: Duration::from_secs(1000) }
}

#[test]
fn a_replay_ends_by_itself_for_any_number_of_workers() {
    for workers in 1..=3 {
        let watch = Watch::replay(capture(&[0, 1500]), pace(None, 1), &Options::default(), workers).unwrap();
        let news = all(&watch);
        let flows: u64 = news.iter().map(|news| news.delta.totals.udp_flows).sum();
        assert_eq!((flows, news.last().unwrap().seen_until), (1, Some(Timestamp(1_000_001_500_000_000))));
        let counters = watch.counters();
        assert_eq!((counters.interfaces[0].frames, counters.interfaces[0].bytes), (2, 92));
        assert!(watch.drain().is_over, "and stays over");
    }
}

#[test]
fn each_loop_comes_later_than_the_last() {
    let watch = Watch::replay(capture(&[0, 2000]), pace(None, 3), &Options::default(), 1).unwrap();
    let news = all(&watch);
    // The capture spans two seconds; a thousand lie between: each loop's flow is a new one.
    let flows: u64 = news.iter().map(|news| news.delta.totals.udp_flows).sum();
    assert_eq!(flows, 3);
    let expected = Timestamp((1_000_000 + 2 * 1002 + 2) * Timestamp::SECOND);
    assert_eq!(news.last().unwrap().seen_until, Some(expected));
    assert_eq!(watch.counters().interfaces[0].last_frame, Some(expected));
}

#[test]
fn frames_come_with_their_own_pauses_divided_by_the_speed() {
    let begun = Instant::now();
    let watch =
        Watch::replay(capture(&[0, 1000, 3000]), pace(Some(10.0), 1), &Options::default(), 1).unwrap();
    all(&watch);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(300), "{took:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn a_watch_that_is_stopped_hands_over_what_it_saw() {
    let watch = Watch::replay(capture(&[0, 3_600_000]), pace(Some(1.0), 1), &Options::default(), 2).unwrap();
    while watch.counters().interfaces[0].frames == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    watch.stop();
    let news = all(&watch);
    assert_eq!(news.iter().map(|news| news.delta.totals.udp_flows).sum::<u64>(), 1);
}

#[test]
fn a_capture_that_cannot_be_read_is_told_of() {
    let kind = SourceKind::Memory((*b"no capture").into());
    let source = CaptureSource { path: "notes".to_owned(), kind, vantage: 0 };
    let watch = Watch::replay(vec![source], pace(None, 1), &Options::default(), 1).unwrap();
    all(&watch);
    let counters = watch.counters().interfaces.remove(0);
    assert_eq!((counters.name.as_str(), counters.is_open), ("notes", false));
    assert!(counters.error.unwrap().contains("expected"));
}

fn tap(interface: &str) -> Tap {
    Tap {
        interface: interface.to_owned(),
        vantage: 0,
        snap_length: 96,
        promiscuous: true,
        ring_bytes: 1 << 20,
        block_bytes: 1 << 16,
        filter: None,
        hardware_stamps: false,
    }
}

#[test]
fn an_interface_that_is_missing_is_no_error_but_told_of() {
    let watch = match Watch::live(vec![tap("no-such-if0")], &Options::default(), 1) {
        Ok(watch) => watch,
        Err(LiveError::NoPermission | LiveError::Unsupported) => return,
        Err(error) => panic!("{error}"),
    };
    let counters = watch.counters().interfaces.remove(0);
    assert_eq!((counters.is_open, counters.openings), (false, 0));
    assert_eq!(counters.error.as_deref(), Some("there is no interface named no-such-if0"));
    watch.stop();
    assert!(all(&watch).last().unwrap().seen_until.is_none());
}

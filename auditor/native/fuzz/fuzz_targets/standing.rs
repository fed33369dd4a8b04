//! Any frames at any times, told while they come and joined step by step: the latest of everything is what is said of the
//! whole, as long as no cap was hit.
#![no_main]

use auditor_fuzz::promises::{assert_same, assert_sane};
use auditor_fuzz::scene::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let scene = Scene::read(input);
    let whole = scene.report(1, false);
    for (workers, every) in [(1, 1), (2, 3)] {
        let said = scene.said(workers, every);
        if !scene.in_order {
            continue;
        }
        assert_sane(&scene, &said);
        if scene.is_short() && whole.limits.is_empty() && said.limits.is_empty() {
            assert_same(&whole, &said);
        }
    }
});

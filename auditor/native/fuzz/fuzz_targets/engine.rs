//! Any frames at any times: the report adds up, and as long as no cap was hit it is the same however many workers saw
//! them, and however often they were asked.
#![no_main]

use auditor_fuzz::promises::{assert_same, assert_sane};
use auditor_fuzz::scene::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let scene = Scene::read(input);
    let whole = scene.report(1, false);
    assert_sane(&scene, &whole);
    let caps = scene.options.caps;
    assert!(whole.flows.len() <= caps.reports + caps.supporting + caps.encrypted);
    if !scene.in_order {
        return;
    }
    let others = [scene.report(2, false), scene.report(3, false), scene.report(1, true)];
    for other in others {
        assert_sane(&scene, &other);
        if whole.limits.is_empty() && other.limits.is_empty() {
            assert_same(&whole, &other);
        }
    }
});

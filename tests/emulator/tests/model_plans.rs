//! What the model draws: every kind, as often as it says, and the same from the same seed.

use coldspark_emulator::model::{Choices, Delivery, Receipt, Shares, Verb, plan};

const RUNS: std::ops::Range<u64> = 0..3000;

fn shares(choices: &Choices) -> Shares {
    let mut shares = Shares::default();
    RUNS.for_each(|seed| shares.add(&plan(seed, choices)));
    shares
}

#[test]
fn every_kind_is_drawn_as_often_as_it_should_be() {
    let fatal = Choices {
        events: 5,
        verbs: vec![Verb::Respond, Verb::Fail, Verb::Stream, Verb::Break],
        fatal: true,
    };
    assert_eq!(shares(&fatal).check(&fatal), Ok(()));
    assert_eq!(
        shares(&Choices::default()).check(&Choices::default()),
        Ok(())
    );
}

#[test]
fn a_kind_that_is_never_drawn_is_missed() {
    let choices = Choices::default();
    let spoilt = |spoil: &dyn Fn(&mut coldspark_emulator::model::Plan)| {
        let mut shares = Shares::default();
        for seed in RUNS {
            let mut plans = plan(seed, &choices);
            plans.iter_mut().for_each(spoil);
            shares.add(&plans);
        }
        shares.check(&choices).expect_err("something is missing")
    };
    assert!(spoilt(&|plan| plan.delivery = Delivery::Whole).contains("Pieces"));
    let why = spoilt(&|plan| plan.receipt = Receipt::Status(202));
    assert!(why.contains(": 0 of ") && !why.starts_with("202"), "{why}");
    assert!(spoilt(&|plan| plan.verb = Verb::Respond).contains("Fail"));
    assert!(spoilt(&|plan| plan.id = "another".to_owned()).contains("retries"));
    assert!(spoilt(&|plan| plan.delivery = Delivery::CutHead).contains("fatal"));
}

#[test]
fn a_fatal_event_is_the_last_of_its_run() {
    let choices = Choices {
        fatal: true,
        ..Choices::default()
    };
    let mut kinds = [0; 2];
    for seed in RUNS {
        let plans = plan(seed, &choices);
        let (last, before) = plans.split_last().expect("a run has an event");
        assert!(!before.iter().any(coldspark_emulator::model::Plan::is_fatal));
        if last.is_fatal() {
            kinds[usize::from(last.delivery == Delivery::CutHead)] += 1;
        }
    }
    assert!(kinds.iter().all(|count| *count > 2), "{kinds:?}");
}

#[test]
fn the_same_seed_draws_the_same() {
    let drawn = |seed| format!("{:?}", plan(seed, &Choices::default()));
    assert_eq!(drawn(7), drawn(7));
    assert_ne!(drawn(7), drawn(8));
}

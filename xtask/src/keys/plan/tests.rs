//! The plan in a model of AWS that changes one thing at a time, so that a run can die, or another one come in between,
//! at each point.

mod model;

use chrono::TimeDelta;
use proptest::prelude::*;

use self::model::{Run, World};
use super::{Intent, Progress, StackState, Step, next_step};

/// Run to the end, with all that AWS does by itself.
fn finish(world: &mut World, intent: Intent) -> Run {
    let mut run = Run::new(intent);
    for _ in 0..200 {
        if run.tick(world).is_break() {
            return run;
        }
        world.cloudformation();
        world.reach_edges();
        world.pass(TimeDelta::minutes(1));
        world.check();
    }
    panic!("it does not end: {world:?}");
}

fn assert_settled(world: &World) {
    assert_eq!(world.ring.entries().len(), 1, "{world:?}");
    let active = world.ring.active().unwrap().fingerprint.clone();
    assert_eq!(world.signs, active, "{world:?}");
    assert_eq!(world.edges, [active].into(), "{world:?}");
}

#[test]
fn a_rotation_goes_through_its_steps() {
    let mut world = World::new();
    let old = world.signs.clone();
    let run = finish(&mut world, Intent::Rotate);
    assert_settled(&world);
    assert_ne!(world.signs, old);
    assert_eq!(world.parameters.keys().collect::<Vec<_>>(), [&world.signs]);
    let steps: Vec<_> = run.steps.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(steps.join("\n"), @r"
    create a key
    deploy the key ring
    probe 000000000002
    activate the next key
    deploy the key ring
    schedule the retirement
    wait for the retirement at 2026-11-24 01:15:00 UTC
    remove 000000000001
    deploy the key ring
    delete the parameters of 000000000001
    nothing
    ");
}

#[test]
fn a_revocation_waits_for_nothing_but_the_new_key() {
    let mut world = World::new();
    let old = world.signs.clone();
    world.revokes = true;
    let run = finish(&mut world, Intent::Revoke);
    assert_settled(&world);
    assert_ne!(world.signs, old);
    assert!(!run.steps.iter().any(|step| matches!(step, Step::AwaitRetirement(_))), "{:?}", run.steps);
}

#[test]
fn a_revocation_in_an_overlap_brings_another_key() {
    let mut world = World::new();
    let mut rotation = Run::new(Intent::Rotate);
    while !matches!(rotation.steps.last(), Some(Step::AwaitRetirement(_))) {
        assert!(rotation.tick(&mut world).is_continue());
        world.cloudformation();
        world.reach_edges();
    }
    let second = world.signs.clone();
    world.revokes = true;
    finish(&mut world, Intent::Revoke);
    assert_settled(&world);
    assert_ne!(world.signs, second);
}

#[test]
fn a_rotation_that_died_anywhere_is_completed_by_the_next() {
    for intent in [Intent::Rotate, Intent::Revoke] {
        for ticks in 0..60 {
            let mut world = World::new();
            let old = world.signs.clone();
            world.revokes = intent == Intent::Revoke;
            let mut run = Run::new(intent);
            for _ in 0..ticks {
                if run.tick(&mut world).is_break() {
                    break;
                }
                world.check();
                world.cloudformation();
                world.check();
                world.reach_edges();
                world.pass(TimeDelta::minutes(5));
                world.check();
            }
            drop(run);
            finish(&mut world, intent);
            assert_settled(&world);
            assert_ne!(world.signs, old, "{intent:?} died after {ticks}");
        }
    }
}

#[test]
fn keys_are_retired_in_their_time_and_not_before() {
    let mut world = World::new();
    let mut rotation = Run::new(Intent::Rotate);
    while !matches!(rotation.steps.last(), Some(Step::AwaitRetirement(_))) {
        assert!(rotation.tick(&mut world).is_continue());
        world.cloudformation();
        world.reach_edges();
    }
    let time = world.ring.retiring().next().unwrap().retire_after.unwrap();
    let step = |world: &World| next_step(&world.observe(), Intent::Retire, Progress::default()).unwrap();
    world.pass(time - world.now - TimeDelta::seconds(1));
    assert_eq!(step(&world), Step::AwaitRetirement(time));
    assert!(!world.observe().begins(Intent::Rotate), "one rotation at a time");
    world.pass(TimeDelta::seconds(1));
    assert!(matches!(step(&world), Step::Remove(_)));
}

#[test]
fn what_is_in_the_way_is_named() {
    let obstacle = |change: fn(&mut World)| {
        let mut world = World::new();
        let mut run = Run::new(Intent::Rotate);
        while !matches!(run.steps.last(), Some(Step::Probe(_))) {
            assert!(run.tick(&mut world).is_continue());
            world.cloudformation();
            world.reach_edges();
        }
        change(&mut world);
        let progress = Progress { create: true, proven: None };
        next_step(&world.observe(), Intent::Rotate, progress).unwrap_err().to_string()
    };
    let lacks_private = obstacle(|world| {
        let key = world.ring.next().unwrap().fingerprint.clone();
        world.parameters.get_mut(&key).unwrap().private = false;
    });
    assert!(lacks_private.contains("the private key of 000000000002"), "{lacks_private}");
    assert!(lacks_private.contains("keys retire 000000000002"), "{lacks_private}");
    let lacks_public = obstacle(|world| {
        let active = world.signs.clone();
        world.parameters.remove(&active);
    });
    assert!(lacks_public.contains("the parameter of its public key is gone"), "{lacks_public}");
    let untrusted = obstacle(|world| {
        let key = world.ring.next().unwrap().fingerprint.clone();
        world.group.remove(&key);
        world.edges.remove(&key);
    });
    assert!(untrusted.contains("the old key goes on signing"), "{untrusted}");
    let absent = obstacle(|world| world.is_deployed = false);
    assert!(absent.contains("cargo xtask deploy"), "{absent}");
}

#[test]
fn nothing_is_removed_while_cloudfront_does_not_trust_the_key_that_signs() {
    let mut world = World::new();
    let mut run = Run::new(Intent::Rotate);
    while !matches!(run.steps.last(), Some(Step::AwaitRetirement(_))) {
        assert!(run.tick(&mut world).is_continue());
        world.cloudformation();
        world.reach_edges();
    }
    world.pass(TimeDelta::days(1));
    let active = world.signs.clone();
    world.group.remove(&active);
    let refusal = next_step(&world.observe(), Intent::Rotate, Progress::default()).unwrap_err().to_string();
    assert!(refusal.contains("does not trust the key that signs"), "{refusal}");
}

#[test]
fn the_group_takes_only_so_many_keys() {
    let mut world = World::new();
    for _ in 1..stack::MAXIMUM_KEYS {
        world.add_retiring_key();
    }
    let mut observed = world.observe();
    observed.stack = StackState::Settled(observed.wanted());
    let progress = Progress { create: true, proven: None };
    let refusal = next_step(&observed, Intent::Rotate, progress).unwrap_err().to_string();
    assert!(refusal.contains("retire one first"), "{refusal}");
}

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// One of two runs goes on; it is started where it does not run.
    Run(usize),
    /// One of two runs dies.
    Kill(usize),
    /// CloudFormation does one of the things that it has to do.
    CloudFormation,
    /// All edges learn what CloudFront was told.
    Edges,
    /// Somebody deploys.
    Deploy,
}

fn events() -> impl Strategy<Value = Vec<(Event, u16)>> {
    let event = prop_oneof![
        12 => (0..2_usize).prop_map(Event::Run),
        1 => (0..2_usize).prop_map(Event::Kill),
        5 => Just(Event::CloudFormation),
        3 => Just(Event::Edges),
        1 => Just(Event::Deploy),
    ];
    proptest::collection::vec((event, 0..900_u16), 0..250)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Whatever happens, at every moment all edges trust the key that signs, and no URL is refused before it expires;
    /// and whatever was left behind, two more runs bring to an end.
    #[test]
    fn no_url_is_refused(
        events in events(),
        other in prop_oneof![Just(Intent::Rotate), Just(Intent::Retire), Just(Intent::Revoke)],
    ) {
        let mut world = World::new();
        world.revokes = other == Intent::Revoke;
        let intents = [Intent::Rotate, other];
        let mut runs = [None, None];
        for (event, seconds) in events {
            match event {
                Event::Run(index) => {
                    let run = runs[index].get_or_insert_with(|| Run::new(intents[index]));
                    if run.tick(&mut world).is_break() {
                        runs[index] = None;
                    }
                }
                Event::Kill(index) => runs[index] = None,
                Event::CloudFormation => world.cloudformation(),
                Event::Edges => world.reach_edges(),
                Event::Deploy => world.deploy_ring(),
            }
            world.pass(TimeDelta::seconds(seconds.into()));
            world.check();
        }
        finish(&mut world, Intent::Rotate);
        finish(&mut world, Intent::Rotate);
        assert_settled(&world);
        prop_assert_eq!(world.parameters.keys().collect::<Vec<_>>(), [&world.signs]);
    }
}

//! Tests the plan in a model of AWS that changes one thing at a time.
//!
//! A run can end, or another one can interfere, at each point.

mod model;

use chrono::TimeDelta;
use proptest::prelude::*;

use self::model::{Run, World};
use super::{EMERGENCY_PROPAGATION, Intent, Progress, StackState, Step, next_step};

/// Runs to the end, including everything that AWS does.
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
fn rotation_runs_every_step() {
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
    wait until every edge has the key group, at 2026-11-24 00:14:00 UTC
    probe 000000000002
    activate the next key
    deploy the key ring
    schedule the retirement
    wait for the retirement at 2026-11-24 01:22:00 UTC
    remove 000000000001
    deploy the key ring
    delete the parameters of 000000000001
    nothing
    ");
}

#[test]
fn revocation_waits_only_for_the_new_key() {
    let mut world = World::new();
    let old = world.signs.clone();
    world.revokes = true;
    let run = finish(&mut world, Intent::Revoke);
    assert_settled(&world);
    assert_ne!(world.signs, old);
    assert!(!run.steps.iter().any(|step| matches!(step, Step::AwaitRetirement(_))), "{:?}", run.steps);
}

#[test]
fn revocation_during_an_overlap_creates_another_key() {
    let mut world = World::new();
    run_until(&mut world, Intent::Rotate, |step| matches!(step, Step::AwaitRetirement(_)));
    let second = world.signs.clone();
    world.revokes = true;
    finish(&mut world, Intent::Revoke);
    assert_settled(&world);
    assert_ne!(world.signs, second);
}

/// Runs until the next step matches.
fn run_until(world: &mut World, intent: Intent, is_it: fn(&Step) -> bool) -> Run {
    let mut run = Run::new(intent);
    for _ in 0..200 {
        if run.steps.last().is_some_and(is_it) {
            return run;
        }
        assert!(run.tick(world).is_continue(), "{world:?}");
        world.cloudformation();
        world.pass(TimeDelta::minutes(1));
        world.check();
    }
    panic!("it does not come so far: {world:?}");
}

#[test]
fn emergency_does_not_end_with_a_next_key_of_an_earlier_run() {
    let mut world = World::new();
    drop(run_until(&mut world, Intent::Rotate, |step| matches!(step, Step::Probe(_))));
    let next = world.ring.next().unwrap().fingerprint.clone();
    world.revokes = true;
    let run = finish(&mut world, Intent::Revoke);
    assert_settled(&world);
    assert_eq!(Some(&world.signs), run.new_key.as_ref());
    assert_ne!(world.signs, next);
    assert!(!world.parameters.contains_key(&next), "{world:?}");
}

#[test]
fn emergency_during_a_switch_creates_its_own_key() {
    let mut world = World::new();
    let mut rotation = run_until(&mut world, Intent::Rotate, |step| *step == Step::Activate);
    // The ring is written, but not deployed.
    assert!(rotation.tick(&mut world).is_continue());
    drop(rotation);
    world.revokes = true;
    let run = finish(&mut world, Intent::Revoke);
    assert_settled(&world);
    assert_eq!(Some(&world.signs), run.new_key.as_ref());
}

#[test]
fn emergency_makes_room_in_a_full_ring() {
    let mut world = World::new();
    for _ in 1..stack::MAXIMUM_KEYS {
        world.add_retiring_key();
    }
    world.revokes = true;
    finish(&mut world, Intent::Revoke);
    assert_settled(&world);
}

#[test]
fn emergency_reports_that_its_key_was_replaced() {
    let mut world = World::new();
    let new_key = "ffffffffffff".parse().unwrap();
    let progress = Progress { new_key: Some(&new_key), ..Progress::default() };
    world.revokes = true;
    let rejection = next_step(&world.observe(), Intent::Revoke, progress).unwrap_err().to_string();
    assert!(rejection.contains("replaced ffffffffffff"), "{rejection}");
}

#[test]
fn key_is_activated_only_after_propagation() {
    let mut world = World::new();
    run_until(&mut world, Intent::Rotate, |step| matches!(step, Step::AwaitKeyGroup(_)));
    let changed_at = world.group_changed_at;
    let key = world.ring.next().unwrap().fingerprint.clone();
    let step = |world: &World, intent| {
        let progress = Progress { create: false, new_key: Some(&key), accepted_key: Some(&key) };
        next_step(&world.observe(), intent, progress).unwrap()
    };
    let in_time = changed_at + TimeDelta::minutes(10);
    assert_eq!(step(&world, Intent::Rotate), Step::AwaitKeyGroup(in_time));
    world.now = in_time - TimeDelta::seconds(1);
    assert_eq!(step(&world, Intent::Rotate), Step::AwaitKeyGroup(in_time));
    world.now = in_time;
    assert_eq!(step(&world, Intent::Rotate), Step::Activate);
    // An emergency rotation waits for a shorter time.
    world.now = changed_at + EMERGENCY_PROPAGATION - TimeDelta::seconds(1);
    assert_eq!(step(&world, Intent::Revoke), Step::AwaitKeyGroup(changed_at + EMERGENCY_PROPAGATION));
    world.now = changed_at + EMERGENCY_PROPAGATION;
    assert_eq!(step(&world, Intent::Revoke), Step::Activate);
}

#[test]
fn interrupted_rotation_is_completed_by_the_next() {
    let orders = [Intent::Rotate, Intent::Revoke].into_iter().flat_map(|it| [(it, false), (it, true)]);
    for (intent, function_is_first) in orders {
        for ticks in 0..60 {
            let mut world = World::new();
            let old = world.signs.clone();
            world.revokes = intent == Intent::Revoke;
            world.function_is_first = function_is_first;
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
    run_until(&mut world, Intent::Rotate, |step| matches!(step, Step::AwaitRetirement(_)));
    let time = world.ring.retiring().next().unwrap().retire_after.unwrap();
    let step = |world: &World| next_step(&world.observe(), Intent::Retire, Progress::default()).unwrap();
    world.pass(time - world.now - TimeDelta::seconds(1));
    assert_eq!(step(&world), Step::AwaitRetirement(time));
    assert!(!world.observe().needs_new_key(Intent::Rotate), "one rotation at a time");
    world.pass(TimeDelta::seconds(1));
    assert!(matches!(step(&world), Step::Remove(_)));
}

#[test]
fn obstacle_is_named() {
    let obstacle = |change: fn(&mut World)| {
        let mut world = World::new();
        run_until(&mut world, Intent::Rotate, |step| matches!(step, Step::Probe(_)));
        change(&mut world);
        let progress = Progress { create: true, ..Progress::default() };
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
    assert!(lacks_public.contains("the parameter of its public key is missing"), "{lacks_public}");
    let untrusted = obstacle(|world| {
        let key = world.ring.next().unwrap().fingerprint.clone();
        world.group.remove(&key);
        world.edges.remove(&key);
    });
    assert!(untrusted.contains("the old key continues to sign"), "{untrusted}");
    let absent = obstacle(|world| world.is_deployed = false);
    assert!(absent.contains("`cargo xtask deploy --env dev`"), "{absent}");
}

#[test]
fn nothing_is_removed_while_cloudfront_does_not_trust_the_key_that_signs() {
    let mut world = World::new();
    run_until(&mut world, Intent::Rotate, |step| matches!(step, Step::AwaitRetirement(_)));
    world.pass(TimeDelta::days(1));
    let active = world.signs.clone();
    world.group.remove(&active);
    let rejection = next_step(&world.observe(), Intent::Rotate, Progress::default()).unwrap_err().to_string();
    assert!(rejection.contains("does not trust the key that signs"), "{rejection}");
}

#[test]
fn key_group_has_a_maximum_number_of_keys() {
    let mut world = World::new();
    for _ in 1..stack::MAXIMUM_KEYS {
        world.add_retiring_key();
    }
    let mut observed = world.observe();
    observed.stack = StackState::Settled(observed.wanted());
    let progress = Progress { create: true, ..Progress::default() };
    let rejection = next_step(&observed, Intent::Rotate, progress).unwrap_err().to_string();
    assert!(rejection.contains("retire one first"), "{rejection}");
}

/// An event in the model.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// One of the two runs continues, or starts if it is not running.
    Run(usize),
    /// One of the two runs is killed.
    Kill(usize),
    /// CloudFormation makes one of its pending changes.
    CloudFormation,
    /// All edges receive the configuration of CloudFront.
    Edges,
    /// Another process deploys the ring.
    Deploy,
    /// From now on, CloudFormation updates the function and the key group in the opposite order.
    Order,
}

fn events() -> impl Strategy<Value = Vec<(Event, u16)>> {
    let event = prop_oneof![
        12 => (0..2_usize).prop_map(Event::Run),
        1 => (0..2_usize).prop_map(Event::Kill),
        5 => Just(Event::CloudFormation),
        3 => Just(Event::Edges),
        1 => Just(Event::Deploy),
        1 => Just(Event::Order),
    ];
    proptest::collection::vec((event, 0..900_u16), 0..250)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// After any sequence of events, all edges trust the key that signs, and no URL is rejected before it expires.
    /// Two more runs complete any unfinished work.
    #[test]
    fn no_url_is_rejected(
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
                Event::Order => world.function_is_first = !world.function_is_first,
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

//! Evaluates the deployed alarms and sets their states.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, MetricAlarm, StateValue};
use chrono::{DateTime, Utc};
use cloudwatch::Metrics;
use cloudwatch::alarm::State;
use cloudwatch::rule::Rule;
use machine::causes::with_causes;
use serde::Serialize;

use super::definition;
use super::manual::ManualStates;

/// The number of times that composite alarms are evaluated in one round, because they may depend on each other.
const COMPOSITE_PASSES: usize = 4;

/// An alarm with its current state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlarmStatus {
    /// The name.
    pub name: String,
    /// The state, as CloudWatch names it.
    pub state: &'static str,
    /// Since when it has the state.
    pub since: Option<DateTime<Utc>>,
    /// The reason of the state.
    pub reason: String,
    /// What the alarm means.
    pub description: String,
}

impl AlarmStatus {
    fn new(
        name: Option<&str>,
        state: State,
        since: Option<&aws_sdk_cloudwatch::primitives::DateTime>,
        reason: Option<&str>,
        description: Option<&str>,
    ) -> Self {
        Self {
            name: name.unwrap_or_default().to_owned(),
            state: state.name(),
            since: since.and_then(|time| DateTime::from_timestamp(time.secs(), 0)),
            reason: reason.unwrap_or_default().to_owned(),
            description: description.unwrap_or_default().to_owned(),
        }
    }
}

/// Sets the states of alarms.
#[derive(Default)]
pub(super) struct AlarmStates {
    manual: ManualStates,
    /// The alarms that were reported as not evaluated.
    reported: BTreeSet<String>,
}

/// An alarm as CloudWatch describes it, with the state that it has to get.
struct Alarm {
    status: AlarmStatus,
    current: State,
    /// The state to set with its reason, if it differs from the current one.
    next: Option<(State, String)>,
}

impl AlarmStates {
    /// Evaluates all alarms, sets the states that differ, and returns the result.
    pub(super) async fn update(
        &mut self,
        client: &Client,
        metrics: &Metrics,
        now: i64,
    ) -> Result<Vec<AlarmStatus>, aws_sdk_cloudwatch::Error> {
        let (simple, composite) = describe(client).await?;
        let mut alarms: Vec<Alarm> = simple.iter().map(|alarm| self.evaluate(alarm, metrics, now)).collect();
        let rules: Vec<_> = composite.iter().filter_map(|alarm| Some((alarm, self.rule(alarm)?))).collect();
        let mut states: BTreeMap<String, State> =
            alarms.iter().map(|alarm| (alarm.status.name.clone(), alarm.state())).collect();
        for _ in 0..COMPOSITE_PASSES {
            for (alarm, rule) in &rules {
                let holds = rule.holds(&|name| states.get(name).copied());
                let state = if holds { State::Alarm } else { State::Ok };
                states.insert(alarm.alarm_name().unwrap_or_default().to_owned(), state);
            }
        }
        for (alarm, rule) in &rules {
            alarms.push(self.evaluate_composite(alarm, rule, &states, now));
        }
        self.manual.keep_only(|name| states.contains_key(name));
        for alarm in &mut alarms {
            set(client, alarm, now).await?;
        }
        Ok(alarms.into_iter().map(|alarm| alarm.status).collect())
    }

    fn evaluate(&mut self, alarm: &MetricAlarm, metrics: &Metrics, now: i64) -> Alarm {
        let current = state_of(alarm.state_value());
        let changed_at = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp());
        let described = AlarmStatus::new(
            alarm.alarm_name(),
            current,
            changed_at,
            alarm.state_reason(),
            alarm.alarm_description(),
        );
        let evaluation = definition::read(alarm)
            .map_err(|error| error.to_string())
            .and_then(|alarm| alarm.evaluate(metrics, now).map_err(|error| error.to_string()));
        let next = match evaluation {
            Ok(evaluation) => {
                let evaluated = evaluation.state.unwrap_or(current);
                let next = self.manual.state_to_set(&described.name, current, evaluated, now);
                next.map(|state| (state, evaluation.reason))
            }
            Err(error) => {
                self.report(&described.name, &error);
                None
            }
        };
        Alarm { status: described, current, next }
    }

    fn evaluate_composite(
        &mut self,
        alarm: &CompositeAlarm,
        rule: &Rule,
        states: &BTreeMap<String, State>,
        now: i64,
    ) -> Alarm {
        let current = state_of(alarm.state_value());
        let changed_at = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp());
        let described = AlarmStatus::new(
            alarm.alarm_name(),
            current,
            changed_at,
            alarm.state_reason(),
            alarm.alarm_description(),
        );
        let is_active = |name: &&str| states.get(*name) == Some(&State::Alarm);
        let active: Vec<&str> = rule.alarms().into_iter().filter(is_active).collect();
        let reason = match active.as_slice() {
            [] => "No alarm of the rule is active".to_owned(),
            names => format!("Active: {}", names.join(", ")),
        };
        let evaluated = states.get(&described.name).copied().unwrap_or(current);
        let next = self.manual.state_to_set(&described.name, current, evaluated, now);
        Alarm { status: described, current, next: next.map(|state| (state, reason)) }
    }

    fn rule(&mut self, alarm: &CompositeAlarm) -> Option<Rule> {
        let rule = alarm.alarm_rule().unwrap_or_default().parse();
        rule.map_err(|error| self.report(alarm.alarm_name().unwrap_or_default(), &with_causes(&error))).ok()
    }

    /// Reports an alarm that is not evaluated, once.
    fn report(&mut self, name: &str, error: &str) {
        if self.reported.insert(name.to_owned()) {
            tracing::warn!("alarm {name} is not evaluated: {error}");
        }
    }
}

impl Alarm {
    /// Returns the state that composite alarms see.
    fn state(&self) -> State {
        self.next.as_ref().map_or(self.current, |(state, _)| *state)
    }
}

async fn set(client: &Client, alarm: &mut Alarm, now: i64) -> Result<(), aws_sdk_cloudwatch::Error> {
    let Alarm { status, current, next: Some((state, reason)) } = alarm else { return Ok(()) };
    let request = client.set_alarm_state().alarm_name(&status.name).state_reason(reason.as_str());
    request.state_value(StateValue::from(state.name())).send().await?;
    // A new alarm that is not active is no news.
    if *state == State::Alarm || *current == State::Alarm {
        let (name, before) = (&status.name, current.name());
        tracing::info!(target: machine::ACTIVITY, "alarm {name}: {before} → {}: {reason}", state.name());
    }
    status.state = state.name();
    status.since = DateTime::from_timestamp(now, 0);
    status.reason.clone_from(reason);
    Ok(())
}

async fn describe(
    client: &Client,
) -> Result<(Vec<MetricAlarm>, Vec<CompositeAlarm>), aws_sdk_cloudwatch::Error> {
    let request = client.describe_alarms();
    let request = request.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
    let mut pages = request.into_paginator().send();
    let (mut simple, mut composite) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page?;
        simple.extend(page.metric_alarms.unwrap_or_default());
        composite.extend(page.composite_alarms.unwrap_or_default());
    }
    Ok((simple, composite))
}

fn state_of(state: Option<&StateValue>) -> State {
    state.and_then(|state| state.as_str().parse().ok()).unwrap_or(State::InsufficientData)
}

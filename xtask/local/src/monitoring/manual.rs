//! States that someone sets by hand.

use std::collections::BTreeMap;

use cloudwatch::alarm::State;

/// How long a state holds that someone set with `SetAlarmState`.
///
/// CloudWatch replaces it with the actual state at its next evaluation. Here it lasts long enough to see what an active
/// alarm does, such as the rollback of a deployment.
const HELD_SECONDS: i64 = 5 * 60;

/// What is known of each alarm.
#[derive(Default)]
pub(super) struct ManualStates {
    known: BTreeMap<String, Known>,
}

struct Known {
    /// The state that the alarm had after the last evaluation.
    state: State,
    /// The state that the last evaluation returned.
    evaluated: State,
    held_until: Option<i64>,
}

impl ManualStates {
    /// Returns the state to set, if the alarm must have another one than it has.
    ///
    /// A state that someone set holds for some minutes, or until the result of the evaluation changes.
    pub(super) fn state_to_set(
        &mut self,
        alarm: &str,
        current: State,
        evaluated: State,
        now: i64,
    ) -> Option<State> {
        let held_until = self.known.get(alarm).and_then(|known| {
            let until = if known.state == current { known.held_until } else { Some(now + HELD_SECONDS) };
            until.filter(|until| *until > now && known.evaluated == evaluated)
        });
        let state = if held_until.is_some() { current } else { evaluated };
        self.known.insert(alarm.to_owned(), Known { state, evaluated, held_until });
        (state != current).then_some(state)
    }

    /// Removes alarms that do not exist anymore.
    pub(super) fn keep_only(&mut self, exists: impl Fn(&str) -> bool) {
        self.known.retain(|name, _| exists(name));
    }
}

#[cfg(test)]
mod tests {
    use super::{HELD_SECONDS, ManualStates, State};

    #[test]
    fn evaluated_state_is_set() {
        let mut states = ManualStates::default();
        assert_eq!(states.state_to_set("a", State::InsufficientData, State::Ok, 0), Some(State::Ok));
        assert_eq!(states.state_to_set("a", State::Ok, State::Ok, 3), None);
        assert_eq!(states.state_to_set("a", State::Ok, State::Alarm, 6), Some(State::Alarm));
    }

    #[test]
    fn manual_state_holds_for_some_minutes() {
        let mut states = ManualStates::default();
        states.state_to_set("a", State::Ok, State::Ok, 0);
        assert_eq!(states.state_to_set("a", State::Alarm, State::Ok, 10), None);
        assert_eq!(states.state_to_set("a", State::Alarm, State::Ok, 9 + HELD_SECONDS), None);
        assert_eq!(states.state_to_set("a", State::Alarm, State::Ok, 10 + HELD_SECONDS), Some(State::Ok));
    }

    #[test]
    fn manual_state_ends_when_the_result_changes() {
        let mut states = ManualStates::default();
        states.state_to_set("a", State::Ok, State::Ok, 0);
        assert_eq!(states.state_to_set("a", State::Alarm, State::Ok, 3), None);
        assert_eq!(states.state_to_set("a", State::Alarm, State::Alarm, 6), None);
        assert_eq!(states.state_to_set("a", State::Alarm, State::Ok, 9), Some(State::Ok));
    }

    #[test]
    fn removed_alarm_is_forgotten() {
        let mut states = ManualStates::default();
        states.state_to_set("a", State::Ok, State::Ok, 0);
        states.keep_only(|_| false);
        assert_eq!(states.state_to_set("a", State::Alarm, State::Ok, 3), Some(State::Ok));
    }
}

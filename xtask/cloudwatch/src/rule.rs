//! The rules of composite alarms.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html>

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::FromStr;
use std::vec::IntoIter;

use crate::alarm::State;

/// The depth at which a rule is rejected, so that none overflows the stack.
const MAXIMUM_DEPTH: usize = 64;

/// A rule over the states of other alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `TRUE` or `FALSE`.
    Constant(bool),
    /// The alarm with this name or ARN is in a state.
    InState(State, String),
    /// The rule does not hold.
    Not(Box<Rule>),
    /// All rules hold.
    And(Vec<Rule>),
    /// At least one rule holds.
    Or(Vec<Rule>),
}

/// A text is not a rule, or one that is not emulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The function exists at most on AWS.
    #[error("{0} in a rule is not emulated")]
    NotEmulated(String),
    /// The text does not follow the grammar.
    #[error("the rule has {0} where it does not belong")]
    Syntax(String),
    /// The rule contains too many parentheses.
    #[error("the rule is nested too deeply")]
    TooDeep,
}

impl Rule {
    /// Returns whether the rule holds; `state` returns the state of an alarm by name, or none if it does not exist.
    pub fn holds(&self, state: &dyn Fn(&str) -> Option<State>) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::InState(wanted, alarm) => state(name_of(alarm)) == Some(*wanted),
            Self::Not(rule) => !rule.holds(state),
            Self::And(rules) => rules.iter().all(|rule| rule.holds(state)),
            Self::Or(rules) => rules.iter().any(|rule| rule.holds(state)),
        }
    }

    /// Returns the names of the alarms that the rule is about.
    pub fn alarms(&self) -> BTreeSet<&str> {
        match self {
            Self::Constant(_) => BTreeSet::new(),
            Self::InState(_, alarm) => BTreeSet::from([name_of(alarm)]),
            Self::Not(rule) => rule.alarms(),
            Self::And(rules) | Self::Or(rules) => rules.iter().flat_map(Self::alarms).collect(),
        }
    }
}

/// Returns the name in the ARN of an alarm; a name as it is.
fn name_of(alarm: &str) -> &str {
    alarm.split_once(":alarm:").map_or(alarm, |(_, name)| name)
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), depth: 0 };
        let rule = parser.disjunction()?;
        match parser.tokens.next() {
            None => Ok(rule),
            Some(token) => Err(RuleError::Syntax(token)),
        }
    }
}

struct Parser {
    tokens: Peekable<IntoIter<String>>,
    depth: usize,
}

impl Parser {
    fn disjunction(&mut self) -> Result<Rule, RuleError> {
        let mut rules = vec![self.conjunction()?];
        while self.tokens.next_if_eq("OR").is_some() {
            rules.push(self.conjunction()?);
        }
        Ok(if rules.len() == 1 { rules.remove(0) } else { Rule::Or(rules) })
    }

    fn conjunction(&mut self) -> Result<Rule, RuleError> {
        let mut rules = vec![self.operand()?];
        while self.tokens.next_if_eq("AND").is_some() {
            rules.push(self.operand()?);
        }
        Ok(if rules.len() == 1 { rules.remove(0) } else { Rule::And(rules) })
    }

    fn operand(&mut self) -> Result<Rule, RuleError> {
        self.depth += 1;
        if self.depth > MAXIMUM_DEPTH {
            return Err(RuleError::TooDeep);
        }
        let token = self.next()?;
        let rule = match token.as_str() {
            "NOT" => Rule::Not(Box::new(self.operand()?)),
            "(" => {
                let rule = self.disjunction()?;
                self.take(")")?;
                rule
            }
            "TRUE" => Rule::Constant(true),
            "FALSE" => Rule::Constant(false),
            "AT_LEAST" => return Err(RuleError::NotEmulated(token)),
            word => {
                let state = word.parse().map_err(|_| RuleError::Syntax(token.clone()))?;
                self.take("(")?;
                let alarm = self.next()?;
                self.take(")")?;
                Rule::InState(state, alarm.trim_matches('"').to_owned())
            }
        };
        self.depth -= 1;
        Ok(rule)
    }

    fn next(&mut self) -> Result<String, RuleError> {
        self.tokens.next().ok_or_else(|| RuleError::Syntax("its end".to_owned()))
    }

    fn take(&mut self, expected: &str) -> Result<(), RuleError> {
        let token = self.next()?;
        if token == expected { Ok(()) } else { Err(RuleError::Syntax(token)) }
    }
}

/// Splits a rule into parentheses, words, and names in quotes.
fn tokens(text: &str) -> Result<Vec<String>, RuleError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' | ',' => 1,
            '"' => match rest[1..].find('"') {
                Some(end) => end + 2,
                None => return Err(RuleError::Syntax("a quotation mark".to_owned())),
            },
            _ => rest
                .find(|it: char| it.is_whitespace() || matches!(it, '(' | ')' | ',' | '"'))
                .unwrap_or(rest.len()),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests;

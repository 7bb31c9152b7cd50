//! Stacks that tests change, one test at a time.

use tokio::sync::{Mutex, MutexGuard};

use crate::stack::{Running, start};

/// A stack that is changed by turns.
///
/// What a failed test leaves is ended, and the next test has a new stack: no test fails because another did.
pub(crate) struct Turns {
    name: &'static str,
    current: Mutex<Current>,
}

struct Current {
    stack: Option<Result<&'static Running, String>>,
    started: u32,
}

/// The stack, for one test. Its next turn begins when this is dropped.
pub(crate) struct Turn {
    pub(crate) running: &'static Running,
    current: MutexGuard<'static, Current>,
}

impl Turns {
    pub(crate) const fn of_stack(name: &'static str) -> Self {
        Self { name, current: Mutex::const_new(Current { stack: None, started: 0 }) }
    }

    /// Waits for a turn.
    pub(crate) async fn next(&'static self) -> Turn {
        let mut current = self.current.lock().await;
        if current.stack.is_none() {
            current.started += 1;
            // The state of a stack that failed stays for a look.
            let name = match current.started {
                1 => self.name.to_owned(),
                number => format!("{}-{number}", self.name),
            };
            let started = start(name).await;
            current.stack = Some(started.map(|running| &*Box::leak(Box::new(running))));
        }
        match &current.stack {
            Some(Ok(running)) => Turn { running, current },
            // Every test says so, rather than trying again.
            Some(Err(reason)) => panic!("the local stack did not come up: {reason}"),
            None => unreachable!("it was started above"),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if std::thread::panicking() && self.current.stack.take().is_some() {
            self.running.end();
        }
    }
}

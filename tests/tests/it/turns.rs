//! Stacks that tests change, one test at a time.

use tokio::sync::{Mutex, MutexGuard};

use crate::stack::{Running, start};

/// A stack for one test at a time.
///
/// The stack of a failed test is ended, and the next test gets a new one: no test fails because another did.
pub(crate) struct Turns {
    name: &'static str,
    current: Mutex<Current>,
}

struct Current {
    stack: Option<Result<&'static Running, String>>,
    started: u32,
}

/// The stack for one test. The next test gets it when this is dropped.
pub(crate) struct Turn {
    pub(crate) running: &'static Running,
    current: MutexGuard<'static, Current>,
}

impl Turns {
    pub(crate) const fn for_stack(name: &'static str) -> Self {
        Self { name, current: Mutex::const_new(Current { stack: None, started: 0 }) }
    }

    /// Waits until no other test uses the stack.
    pub(crate) async fn next(&'static self) -> Turn {
        self.take(self.current.lock().await).await
    }

    /// Waits until no other test uses one of two stacks.
    pub(crate) async fn next_of([one, other]: &'static [Self; 2]) -> Turn {
        tokio::select! {
            biased;
            current = one.current.lock() => one.take(current).await,
            current = other.current.lock() => other.take(current).await,
        }
    }

    async fn take(&'static self, mut current: MutexGuard<'static, Current>) -> Turn {
        if current.stack.is_none() {
            current.started += 1;
            // The state of a failed stack is kept.
            let name = match current.started {
                1 => self.name.to_owned(),
                number => format!("{}-{number}", self.name),
            };
            let started = start(name).await;
            current.stack = Some(started.map(|running| &*Box::leak(Box::new(running))));
        }
        match &current.stack {
            Some(Ok(running)) => Turn { running, current },
            // Every test fails with the reason instead of trying again.
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

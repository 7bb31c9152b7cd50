//! Measures rendering a template, which every command for an environment does.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use command_line::environment;
use command_line::terminal::Step;

use super::figure::{Figures, median, milliseconds};

const ROUNDS: usize = 50;
const LIMIT: Duration = Duration::from_millis(50);

pub(super) fn measure(figures: &mut Figures) -> Result<()> {
    let environment = environment::load("prod")?;
    let step = Step::begin("render");
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(stack::preview(&environment)?.to_json());
        times.push(start.elapsed());
    }
    step.done(format!("{ROUNDS} times the template of prod"));
    figures.at_most("the template of prod, p50", median(&mut times), LIMIT, milliseconds);
    Ok(())
}

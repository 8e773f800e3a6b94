//! Live traffic alerts.

mod mistake;
mod object;
mod rule;
mod file;
mod assertion;
mod seen;
mod compiled;
mod window;
mod machine;
mod notice;
mod tracker;

pub(crate) use mistake::Mistake;
pub(crate) use rule::{Rule, Severity};

#[cfg(test)]
mod tests;

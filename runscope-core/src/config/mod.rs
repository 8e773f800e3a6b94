//! Every setting of the library: one value, checked once, that the rest reads.
//!
//! [`Config`] comes from code, from the environment or from a file. One table (`keys.rs`) drives all
//! three, so that they know the same settings, units, bounds and defaults.

mod settings;
mod builder;
mod check;
mod env;
mod file;
mod keys;
mod field;
mod value;
mod units;
mod error;
mod suggest;
mod token;
mod endpoint;
mod scope;
mod scope_form;
mod resolve;
mod content_type;
mod skip;
#[cfg(test)]
mod docs;

pub use crate::redact::RedactionRules;
pub use builder::ConfigBuilder;
pub use error::{ConfigError, ConfigProblem};
pub use scope::Scope;
pub use settings::{Config, Scheme, SpoolKeep};
pub use token::AccessToken;

pub(crate) use resolve::{Destination, Early, EarlyKey, Resolved, ScopeKey};

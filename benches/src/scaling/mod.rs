//! How cost grows with what an exchange is: pictures for the docs.

mod subject;
mod picture;
mod run;

pub use run::run;
pub use subject::subject;

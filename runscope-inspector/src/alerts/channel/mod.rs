//! Where notices go. What is sent is made by pure functions, within what each service publishes as
//! its limits; what was captured is never read as markup or as a mention of somebody.

mod secret;
mod destination;
mod links;
mod text;
mod slack;
mod teams;
mod discord;
mod pagerduty;
mod webhook;
mod email;

pub(crate) use destination::{Channel, Destination, MOST_CHANNELS};
pub(crate) use email::{Email, Tls};
pub(crate) use links::Links;
pub(crate) use secret::Secret;

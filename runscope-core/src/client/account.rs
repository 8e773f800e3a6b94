use super::buckets::Team;
use super::error::Error;
use super::handle::Client;
use super::loose;
use super::messages::data;
use reqwest::Method;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The account that the token belongs to.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Account {
    /// The person's name.
    #[serde(deserialize_with = "loose::text")]
    pub name: Option<String>,
    /// The person's address.
    #[serde(deserialize_with = "loose::text")]
    pub email: Option<String>,
    /// The teams the person belongs to.
    #[serde(deserialize_with = "teams")]
    pub teams: Vec<Team>,
    /// All else that the API tells.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Client {
    /// The account that the token belongs to.
    ///
    /// # Errors
    ///
    /// When the API can't be reached, refuses, or answers with something else.
    pub async fn account(&self) -> Result<Account, Error> {
        let answer = self.call(Method::GET, &["account"], &[], None).await?;
        Account::deserialize(data(&answer)?)
            .map_err(|error| Error::decode_because(&answer, "it holds no account", Some(error)))
    }
}

fn teams<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Team>, D::Error> {
    Ok(loose::many(from)?.unwrap_or_default())
}

use super::AccessToken;
use super::error::Error;
use super::handle::Client;
use super::http::RawAnswer;
use super::loose;
use super::messages::{data, list};
use bytes::Bytes;
use reqwest::Method;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// A bucket, in which messages are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Bucket {
    /// The key by which calls name it.
    #[serde(deserialize_with = "required")]
    pub key: String,
    /// Its name, for people.
    #[serde(deserialize_with = "loose::text")]
    pub name: Option<String>,
    /// Whether it is the team's default bucket, which can't be deleted.
    #[serde(deserialize_with = "loose::flag")]
    pub default: Option<bool>,
    /// The team that owns it.
    #[serde(deserialize_with = "loose::object")]
    pub team: Team,
    /// A token of the bucket's own.
    #[serde(deserialize_with = "token")]
    pub auth_token: Option<AccessToken>,
    /// Whether the API verifies the certificates of what it calls for this bucket.
    #[serde(deserialize_with = "loose::flag")]
    pub verify_ssl: Option<bool>,
    /// Where its tests are started.
    #[serde(deserialize_with = "loose::text")]
    pub trigger_url: Option<String>,
    /// Where its tests are listed.
    #[serde(deserialize_with = "loose::text")]
    pub tests_url: Option<String>,
    /// Where its collections are listed.
    #[serde(deserialize_with = "loose::text")]
    pub collections_url: Option<String>,
    /// Where its messages are listed.
    #[serde(deserialize_with = "loose::text")]
    pub messages_url: Option<String>,
}

/// A team of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "WireTeam")]
#[non_exhaustive]
pub struct Team {
    /// The team's identifier.
    pub id: Option<String>,
    /// Its name, for people.
    pub name: Option<String>,
}

/// The identifier is an `id` in a bucket and a `uuid` in an account; some answers have both.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireTeam {
    #[serde(deserialize_with = "loose::text")]
    id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    uuid: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    name: Option<String>,
}

impl From<WireTeam> for Team {
    fn from(WireTeam { id, uuid, name }: WireTeam) -> Self {
        let id = id.or(uuid);
        Self { id, name }
    }
}

impl Client {
    /// All buckets that the token may see.
    ///
    /// # Errors
    ///
    /// When the API can't be reached, refuses, or answers with something else.
    pub async fn buckets(&self) -> Result<Vec<Bucket>, Error> {
        let answer = self.call(Method::GET, &["buckets"], &[], None).await?;
        list(&answer)?
            .into_iter()
            .map(|item| bucket(&answer, item))
            .collect()
    }

    /// Makes a bucket for a team.
    ///
    /// # Errors
    ///
    /// When the API can't be reached, refuses, or answers with something else.
    pub async fn create_bucket(&self, name: &str, team_id: &str) -> Result<Bucket, Error> {
        let body = json!({"name": name, "team_id": team_id}).to_string();
        let body = Some(Bytes::from(body));
        let answer = self.call(Method::POST, &["buckets"], &[], body).await?;
        bucket(&answer, data(&answer)?)
    }

    /// One bucket, by its key.
    ///
    /// # Errors
    ///
    /// When the API can't be reached, refuses, has no such bucket, or answers with something else.
    pub async fn bucket(&self, key: &str) -> Result<Bucket, Error> {
        let answer = self.call(Method::GET, &["buckets", key], &[], None).await?;
        bucket(&answer, data(&answer)?)
    }

    /// Deletes a bucket with all that is in it. The API refuses this for a default bucket.
    ///
    /// # Errors
    ///
    /// When the API can't be reached or refuses.
    pub async fn delete_bucket(&self, key: &str) -> Result<(), Error> {
        self.call(Method::DELETE, &["buckets", key], &[], None)
            .await?;
        Ok(())
    }
}

fn bucket(answer: &RawAnswer, value: Value) -> Result<Bucket, Error> {
    let bucket = Bucket::deserialize(value)
        .map_err(|error| Error::decode_because(answer, "it holds no bucket", Some(error)))?;
    // Without its key a bucket is of no use, and an answer of another kind has none.
    if bucket.key.is_empty() {
        return Err(Error::decode(answer, "it holds a bucket without a key"));
    }
    Ok(bucket)
}

fn required<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(loose::text(from)?.unwrap_or_default())
}

fn token<'de, D: Deserializer<'de>>(from: D) -> Result<Option<AccessToken>, D::Error> {
    Ok(loose::text(from)?.map(|text| AccessToken::from(text.as_str())))
}

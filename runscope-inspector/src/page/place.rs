use super::error::PageError;
use super::sign_in::SignIn;
use crate::api::{ApiError, AppState, Caller};
use crate::store::{Bucket, SavedView, Scope, Store};
use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Redirect;
use url::form_urlencoded;

/// The bucket that a page is about, and who reads it. As an extractor it lets in who may read there,
/// and shows others the way in.
#[derive(Debug)]
pub(crate) struct Place {
    /// What every path of the server begins with.
    pub(crate) prefix: String,
    /// Who reads.
    pub(crate) caller: Caller,
    /// The bucket in the path.
    pub(crate) bucket: Bucket,
    /// The buckets that the reader can choose from.
    pub(crate) buckets: Vec<Bucket>,
    /// The bucket's saved views.
    pub(crate) views: Vec<SavedView>,
    /// How many alerts fire, of every bucket: the owner's to know.
    pub(crate) firing: Option<u64>,
}

impl Place {
    /// A path in the bucket with a filter, where there is one.
    pub(crate) fn filtered(&self, rest: &str, q: &str) -> String {
        self.linked(rest, &[("q", q)])
    }

    /// A path in the bucket with a query of the fields that are not empty.
    pub(crate) fn linked(&self, rest: &str, fields: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
        let query = query.finish();
        let path = self.path(rest);
        if query.is_empty() {
            path
        } else {
            format!("{path}?{query}")
        }
    }

    /// A path in the bucket; the rest is empty or begins with a slash.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("{}/b/{}{rest}", self.prefix, self.bucket.key)
    }
}

impl FromRequestParts<AppState> for Place {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, PageError> {
        let caller = visitor(parts, state).await?;
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| no_bucket())?;
        let key = params
            .iter()
            .find(|(name, _)| *name == "key")
            .map(|(_, key)| key.to_owned())
            .ok_or_else(no_bucket)?;
        let bucket = caller.bucket(state, key, Scope::Read).await?;
        let buckets = match caller {
            Caller::Owner | Caller::Session(_) => state.blocking(<dyn Store>::buckets).await?,
            Caller::Holder(_) | Caller::Scraper => vec![bucket.clone()],
        };
        let id = bucket.id;
        let views = state.blocking(move |store| store.views(id)).await?;
        Ok(Self {
            prefix: state.config().prefix.clone(),
            caller,
            bucket,
            buckets,
            views,
            firing: caller
                .owns()
                .is_ok()
                .then(|| state.alerts().numbers().firing),
        })
    }
}

/// Leads to the first bucket.
pub(super) async fn first(
    State(state): State<AppState>,
    visitor: Visitor,
) -> Result<Redirect, PageError> {
    visitor.0.owns()?;
    let buckets = state.blocking(<dyn Store>::buckets).await?;
    let first = buckets.first().ok_or_else(no_bucket)?;
    Ok(Redirect::to(&format!(
        "{}/b/{}",
        state.config().prefix,
        first.key
    )))
}

/// Who reads a page that is in no bucket.
#[derive(Debug)]
pub(super) struct Visitor(pub(super) Caller);

impl FromRequestParts<AppState> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, PageError> {
        visitor(parts, state).await.map(Self)
    }
}

pub(super) async fn visitor(parts: &mut Parts, state: &AppState) -> Result<Caller, PageError> {
    match Caller::from_request_parts(parts, state).await {
        Err(error) if error.status() == StatusCode::UNAUTHORIZED => {
            Err(PageError::SignIn(SignIn::asked(parts, state.config())))
        }
        caller => Ok(caller?),
    }
}

fn no_bucket() -> ApiError {
    ApiError::not_found("there is no bucket with this key")
}

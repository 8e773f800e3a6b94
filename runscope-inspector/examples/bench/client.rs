use crate::Outcome;
use crate::server::Server;
use serde_json::Value;

/// What asks the server, over connections that are kept.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    pub(crate) fn new(server: &Server) -> Self {
        Self {
            http: reqwest::Client::new(),
            url: server.url.clone(),
            token: server.token.clone(),
        }
    }

    /// Posts an array of messages, all of which must be stored.
    pub(crate) async fn post(&self, body: String) -> Outcome<()> {
        let url = format!("{}/buckets/default/messages", self.url);
        let request = self.http.post(url).bearer_auth(&self.token).body(body);
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        match answer["meta"]["error_count"].as_u64() {
            Some(0) => Ok(()),
            _ => Err(format!("messages were refused: {answer}").into()),
        }
    }

    /// Reads a path to its end.
    pub(crate) async fn get(&self, path: &str) -> Outcome<Vec<u8>> {
        let url = format!("{}{path}", self.url);
        let answer = self.http.get(url).bearer_auth(&self.token).send().await?;
        let bytes = answer.error_for_status()?.bytes().await?;
        Ok(bytes.into())
    }

    /// Makes an alert rule.
    pub(crate) async fn make_rule(&self, rule: &Value) -> Outcome<()> {
        let url = format!("{}/api/v1/alerts/rules", self.url);
        let request = self.http.post(url).bearer_auth(&self.token).json(rule);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Clears the bucket.
    pub(crate) async fn clear(&self) -> Outcome<()> {
        let url = format!("{}/buckets/default/messages", self.url);
        let request = self.http.delete(url).bearer_auth(&self.token);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

//! Direct calls of the messages API: `cargo run --example client`.
//!
//! Needs `RUNSCOPE_ACCESS_TOKEN` and `RUNSCOPE_BUCKET_KEY`; `RUNSCOPE_API_ENDPOINT` names another
//! server than the default one.

use runscope::client::ListOptions;
use runscope::{Client, Config, Message, Request, Response};
use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = match Config::from_env() {
        Ok(config) => Client::from_config(&config)?,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    };

    // What is wrong, if something is: the name, the connection, TLS, the token or the bucket.
    if let Err(error) = client.check().await {
        eprintln!("the connection check failed: {error}");
        std::process::exit(1);
    }

    // A message holds a request, a response, or both. Secrets are cleaned out as by the layers.
    let receipt = client
        .create_messages(&[
            Message::new()
                .request(Request::new("GET", "https://shop.example/items?page=2"))
                .response(
                    Response::new(200)
                        .header("content-type", "application/json")
                        .body("[]"),
                ),
            Message::new().request(Request::new("DELETE", "https://shop.example/items/1")),
        ])
        .await?;
    for item in &receipt.items {
        println!("{:?} {:?}", item.status, item.uuid);
    }

    // Read back, newest first.
    for message in client.list_messages(ListOptions::new().count(10)).await? {
        let request = message.request.unwrap_or_default();
        println!("{} {}", request.method, request.url);
    }
    Ok(())
}

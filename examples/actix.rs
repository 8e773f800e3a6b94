//! An actix-web app whose exchanges are captured: `cargo run --example actix`.
//!
//! Set `RUNSCOPE_ACCESS_TOKEN` and `RUNSCOPE_BUCKET_KEY`, or `RUNSCOPE_NDJSON_FILE` to write the
//! exchanges to a file instead.

use actix_web::{App, HttpServer, web};
use runscope::{Config, Recorder, Runscope, current_exchange};
use std::error::Error;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (recorder, _guard) = Recorder::start(Config::from_env()?)?;

    let of_workers = recorder.clone();
    let server = HttpServer::new(move || {
        let runscope = Runscope::new(&of_workers)
            .service("users")
            .consumer(|request| {
                Some(
                    request
                        .headers()
                        .get("x-consumer")?
                        .to_str()
                        .ok()?
                        .to_owned(),
                )
            });
        // What is wrapped last is outermost: it sees what goes over the wire.
        App::new()
            .route("/users/{id}", web::get().to(user))
            .wrap(runscope)
    })
    .workers(1)
    .bind(("127.0.0.1", 0))?;

    println!("http://{}/users/1", server.addrs()[0]);
    server.run().await?;
    println!("{:?}", recorder.stats());
    Ok(())
}

async fn user(id: web::Path<u32>) -> String {
    // The exchange in flight takes fields of the app's own, and has a name for the app's logs.
    if let Some(exchange) = current_exchange() {
        exchange.tag("user_id", &id);
        println!("captured as {}", exchange.unique_identifier());
    }
    format!("user {id}\n")
}

//! AWS's Lambda Web Adapter, started by its library as its own program does it.

use lambda_web_adapter::{Adapter, AdapterOptions, Error, tracing};

fn main() -> Result<(), Error> {
    // Changes the environment, so it comes before any thread.
    Adapter::apply_runtime_proxy_config();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve())
}

async fn serve() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let mut adapter = Adapter::new(&AdapterOptions::default())?;
    adapter.register_default_extension();
    adapter.check_init_health().await;
    adapter.run().await
}

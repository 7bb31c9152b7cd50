//! Runs the AWS emulator as a process: MiniStack with our shim.
//!
//! MiniStack emulates the control plane of AWS, and S3, SQS, SSM and DynamoDB completely. The Python package
//! `emulator/shim` adds what our template needs and MiniStack lacks.

pub mod address;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use machine::directory::{Data, DirectoryError, StateDirectory};
use machine::ports;
use machine::process::{Service, ServiceError, StopSignal};
use machine::python::Installation;
use tokio::process::Command;

use self::address::PORT;

const NAME: &str = "emulator";

/// The Python package that starts MiniStack, by file.
const SHIM: [(&str, &str); 21] = {
    macro_rules! module {
        ($name:literal) => {
            ($name, include_str!(concat!("emulator/shim/", $name)))
        };
    }
    [
        module!("__main__.py"),
        module!("alarm_states.py"),
        module!("alarms.py"),
        module!("change_sets.py"),
        module!("cloud_control.py"),
        module!("cors.py"),
        module!("guard.py"),
        module!("http_api.py"),
        module!("listings.py"),
        module!("messages.py"),
        module!("metric_values.py"),
        module!("misread_properties.py"),
        module!("policies.py"),
        module!("public_keys.py"),
        module!("queue_depths.py"),
        module!("responses.py"),
        module!("rollbacks.py"),
        module!("trace_documents.py"),
        module!("trace_filters.py"),
        module!("validation.py"),
        module!("xray.py"),
    ]
};
const READY_LIMIT: Duration = Duration::from_secs(30);

/// The region of the local stack.
pub const REGION: &str = "us-east-1";

/// The running emulator, which checks neither signatures nor permissions: only the inside of AWS talks to it directly.
///
/// Dropping it kills the process; [`Emulator::stop`] shuts it down cleanly.
#[derive(Debug)]
pub struct Emulator {
    service: Service,
    port: u16,
}

/// The reason why the emulator is not running.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// No port is free.
    #[error("cannot find a port for the AWS emulator: {0}")]
    Port(#[from] std::io::Error),
    /// The HTTP client for the health check could not be built.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The state directory or the tools directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The process failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Emulator {
    /// Starts the emulator on a free port of 127.0.0.1 and waits until it responds.
    ///
    /// `public_port` is the port in the URLs of queues: that of the server in front of the emulator, or none if there is
    /// none.
    ///
    /// With [`Data::Kept`], it loads the data of the last run, and saves its own when [`Emulator::stop`] is called.
    pub async fn start(
        directory: &StateDirectory,
        installation: &Installation,
        public_port: Option<u16>,
        data: Data,
    ) -> Result<Self, EmulatorError> {
        if data == Data::Fresh {
            directory.remove(NAME).await?;
        }
        for (name, text) in SHIM {
            directory.write(&format!("{NAME}/shim/{name}"), text.as_bytes()).await?;
        }
        let port = ports::free_port(None).await?;
        match Self::start_on(directory, installation, port, public_port, data).await {
            Err(EmulatorError::Service(error)) if ports::was_lost(port, &error).await => {
                Self::start_on(directory, installation, ports::free_port(None).await?, public_port, data)
                    .await
            }
            outcome => outcome,
        }
    }

    async fn start_on(
        directory: &StateDirectory,
        installation: &Installation,
        port: u16,
        public_port: Option<u16>,
        data: Data,
    ) -> Result<Self, EmulatorError> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        let mark = uuid::Uuid::new_v4().to_string();
        let mut command = Command::new(installation.python());
        // -I: ignore the user's own Python packages. -u: the log is complete up to a crash.
        command.args(["-I", "-u", "shim"]).current_dir(directory.file(NAME));
        set_environment(&mut command, directory, port, data);
        if let Some(guard) = public_port {
            command.env("GUARD_PORT", guard.to_string());
        }
        let public_port = public_port.unwrap_or(port);
        command.env("PUBLIC_PORT", public_port.to_string());
        // The health check returns this value, which confirms that this process listens on the port.
        command.env("MINISTACK_EDITION", &mark);
        let service = Service::start(directory, NAME, command, StopSignal::Terminate).await?;
        let emulator = Self { service, port };
        let health = format!("{}/_ministack/health", emulator.endpoint_url());
        let answer = async || http.get(&health).send().await?.text().await;
        emulator
            .service
            .ready(READY_LIMIT, async || answer().await.is_ok_and(|text| text.contains(&mark)))
            .await?;
        directory.write(PORT, public_port.to_string().as_bytes()).await?;
        Ok(emulator)
    }

    /// Returns the base URL of all AWS services.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Returns the process.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Waits until the process ends unexpectedly.
    pub async fn exited(&self) -> ServiceError {
        self.service.exited().await
    }

    /// Stops the process cleanly, so that it can save data to keep.
    pub async fn stop(self) {
        self.service.stop().await;
    }
}

/// Sets only the variables that the emulator needs.
///
/// The user's AWS credentials and MiniStack settings are removed.
fn set_environment(command: &mut Command, directory: &StateDirectory, port: u16, data: Data) {
    let home = directory.file(NAME);
    let persist = if data == Data::Kept { "1" } else { "0" };
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", &home)
        .env("TMPDIR", &home)
        .env("BIND_HOST", "127.0.0.1")
        // The host in queue URLs.
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("MINISTACK_REGION", REGION)
        .env("GATEWAY_PORT", port.to_string())
        .env("AWS_ACCESS_KEY_ID", machine::EMULATOR_ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", machine::EMULATOR_SECRET_ACCESS_KEY)
        .env("PERSIST_STATE", persist)
        .env("STATE_DIR", home.join("state"))
        .env("S3_PERSIST", persist)
        .env("S3_DATA_DIR", home.join("s3"));
}

//! The service as far away as a service is: one millisecond of round trip, behind a name to look up.
//!
//! Two network namespaces, one for functions and one for the server, with a device in each and
//! `relay` between them. They are gone when this process ends; nothing of the machine's own network is
//! changed.

use std::env;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};

use super::{Service, name_server, relay, sys};

/// How long a packet takes in each direction.
const DELAY: Duration = Duration::from_micros(500);
/// What functions call, which is in the certificate too (tests/aws-server/certificates.py).
const NAME: &str = "dynamodb.bench.test";
/// Addresses that are set aside for benchmarks (RFC 2544).
const SERVER: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const FUNCTIONS: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 2);
const NAME_SERVER_PORT: u16 = 53;
/// How often the round trip is measured.
const LOOK_UPS: usize = 21;

/// A server at a distance.
pub(crate) struct Away {
    service: Service,
    functions: Namespaces,
    home: Namespaces,
    /// Microseconds of a look-up, which is one round trip.
    pub(crate) round_trip_us: f64,
}

/// The network and the mounts that a thread sees.
struct Namespaces {
    network: File,
    mounts: File,
}

impl Namespaces {
    fn current() -> io::Result<Self> {
        Ok(Self {
            network: File::open("/proc/thread-self/ns/net")?,
            mounts: File::open("/proc/thread-self/ns/mnt")?,
        })
    }

    fn enter(&self) -> io::Result<()> {
        // A thread that shares its folder with others cannot change its mounts.
        unshare(CloneFlags::CLONE_FS)?;
        setns(&self.network, CloneFlags::CLONE_NEWNET)?;
        // Other mounts come with their own root as the current folder.
        let folder = env::current_dir()?;
        setns(&self.mounts, CloneFlags::CLONE_NEWNS)?;
        env::set_current_dir(folder)
    }
}

impl Away {
    /// Makes it all, or says why this machine cannot. `work` is a folder for a small file.
    pub(crate) fn open(cache: &Path, work: &Path) -> Result<Self, String> {
        let reason = |error: io::Error| {
            format!("a network namespace with a device of its own cannot be made here: {error}")
        };
        let home = Namespaces::current().map_err(reason)?;
        let made = Self::make(cache, work);
        home.enter().map_err(reason)?;
        let (service, functions, round_trip_us) = made?;
        Ok(Self {
            service,
            functions,
            home,
            round_trip_us,
        })
    }

    fn make(cache: &Path, work: &Path) -> Result<(Service, Namespaces, f64), String> {
        let failed = |what: &'static str| {
            move |error: io::Error| format!("{what}, for a server at a distance: {error}")
        };
        unshare(CloneFlags::CLONE_NEWNET)
            .map_err(|error| failed("a network namespace")(error.into()))?;
        let far = device("far", SERVER).map_err(failed("a network device"))?;
        let socket =
            UdpSocket::bind((SERVER, NAME_SERVER_PORT)).map_err(failed("a name server"))?;
        name_server::serve(socket, SERVER);
        let service = Service::on(&SERVER.to_string(), cache)?.named(NAME);

        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)
            .map_err(|error| failed("a second namespace")(error.into()))?;
        let near = device("near", FUNCTIONS).map_err(failed("a network device"))?;
        resolve_there(work).map_err(failed("a resolv.conf of its own"))?;
        relay::between(&far, &near, DELAY).map_err(failed("the relay"))?;
        let functions = Namespaces::current().map_err(failed("a namespace"))?;
        let round_trip_us = round_trip().map_err(failed("a look-up"))?;
        Ok((service, functions, round_trip_us))
    }

    /// Takes the calling thread to where functions run: what it starts is there too.
    pub(crate) fn enter(&self) -> Result<Entered<'_>, String> {
        self.functions
            .enter()
            .map_err(|error| format!("entering a namespace: {error}"))?;
        Ok(Entered(self))
    }

    pub(crate) fn variables(&self) -> [String; 6] {
        self.service.variables()
    }
}

/// Takes the thread back at its end.
pub(crate) struct Entered<'a>(&'a Away);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // Without a way back, all that follows would be measured there.
        self.0
            .home
            .enter()
            .expect("the namespaces that it began in");
    }
}

/// A device with this address, and loopback, in the namespace that the thread is in.
fn device(name: &str, address: Ipv4Addr) -> io::Result<File> {
    let device = sys::device(name)?;
    let address = format!("{address}/24");
    for arguments in [
        &["link", "set", "lo", "up"][..],
        &["address", "add", &address, "dev", name],
        &["link", "set", name, "up"],
    ] {
        let output = Command::new("ip").args(arguments).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(io::Error::other(format!(
                "ip {}: {said}",
                arguments.join(" ")
            )));
        }
    }
    Ok(device)
}

/// Makes the name server that of all programs in this mount namespace.
fn resolve_there(work: &Path) -> io::Result<()> {
    let none: Option<&Path> = None;
    // What is mounted here is not seen elsewhere.
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    let file = work.join("resolv.conf");
    fs::write(&file, format!("nameserver {SERVER}\n"))?;
    Ok(mount(
        Some(&file),
        "/etc/resolv.conf",
        none,
        MsFlags::MS_BIND,
        none,
    )?)
}

/// The median of some look-ups, in microseconds.
fn round_trip() -> io::Result<f64> {
    let socket = UdpSocket::bind((FUNCTIONS, 0))?;
    socket.connect((SERVER, NAME_SERVER_PORT))?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01x\x00\x00\x01\x00\x01";
    let mut times = Vec::new();
    for _ in 0..LOOK_UPS {
        let start = Instant::now();
        socket.send(question)?;
        socket.recv(&mut [0; 512])?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(crate::stats::quantile_of(&times, 0.5).unwrap_or(f64::NAN))
}

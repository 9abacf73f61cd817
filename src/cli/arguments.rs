//! What can be typed.

use crate::autoscale::Target;
use crate::cli::values::{Port, address, address_with_port, assignment, setting};
use crate::cli::{exit, out};
use crate::core::unit::{duration, share};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// So that the options of one command are not lost among those that all have.
const COMMON: &str = "Options of all commands";

#[derive(Debug, Parser)]
#[command(
    name = "headwater",
    version,
    about = "Runs the services between where data is made and where it is used, and loses nothing on the way",
    after_help = "Start with:  headwater up\n\
                  Exit codes:  0 done, 1 failed, 2 wrong arguments, 3 audit found faults, 78 wrong stack file"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub command: Command,

    /// Address that services listen on
    #[arg(
        long, global = true, env = "HEADWATER_BIND", hide_env_values = true, value_name = "ADDR",
        default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_parser = address, help_heading = COMMON
    )]
    pub bind: IpAddr,

    /// Directory of everything durable
    #[arg(
        long,
        global = true,
        env = "HEADWATER_DATA",
        hide_env_values = true,
        value_name = "DIR",
        default_value = "headwater-data",
        help_heading = COMMON
    )]
    pub data: PathBuf,

    /// Address of the admin listener [default: 127.0.0.1:7070 or the next free port]
    #[arg(
        long,
        global = true,
        env = "HEADWATER_ADMIN",
        hide_env_values = true,
        value_name = "ADDR:PORT",
        value_parser = address_with_port,
        help_heading = COMMON
    )]
    pub admin: Option<SocketAddr>,

    /// File with the token of the admin listener; `top`, `health` and peers show it [also: `HEADWATER_ADMIN_TOKEN`]
    #[arg(
        long,
        global = true,
        env = "HEADWATER_ADMIN_TOKEN_FILE",
        hide_env_values = true,
        value_name = "FILE",
        help_heading = COMMON
    )]
    pub admin_token_file: Option<PathBuf>,

    /// Form of the log on standard error
    #[arg(
        long, global = true, env = "HEADWATER_LOG", hide_env_values = true, value_enum,
        default_value_t = LogForm::Text, help_heading = COMMON
    )]
    pub log: LogForm,

    /// Answer in JSON
    #[arg(long, global = true, help_heading = COMMON)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogForm {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a whole stack in this process
    Up(Up),
    /// Run one service of a stack: what a container does
    Run(One),
    /// Find every mistake in a stack file, and say what each flow guarantees
    Check {
        /// Built-in name or file [default: headwater.yaml, else users]
        stack: Option<String>,
    },
    /// List the built-in stacks
    Stacks {
        #[command(subcommand)]
        command: Option<StacksCommand>,
    },
    /// Copy a built-in stack out for editing
    Init {
        /// One of those that `headwater stacks` lists
        name: String,
        /// Where to [default: a directory of the stack's name]
        directory: Option<PathBuf>,
    },
    /// Reference of every source, step and sink
    Kinds(Kinds),
    /// Generate data to standard output or a file
    Generate(Generate),
    /// Prove that what was generated arrived: how many, none lost, none twice
    Audit(AuditFlow),
    /// Say what will fail on this machine or these nodes, and the cure
    Doctor(Doctor),
    /// Write the deployment of a stack for Compose, Swarm or Kubernetes
    Render(Render),
    /// Copy a resource to another store, and prove that both hold the same
    Move(MoveResource),
    /// Replicas by need: measures, decides, and scales a service of a Swarm or of Compose
    Autoscale(Autoscale),
    /// Play a recording into a sink
    Replay(PlayBack),
    /// What could not be delivered: list it, show it, deliver it again, drop it
    DeadLetters {
        #[command(subcommand)]
        command: LettersCommand,
    },
    /// Show the live map of a running headwater in this terminal
    Top {
        /// Whom to ask [default: the admin listener]
        url: Option<String>,
    },
    /// Ask whether a running headwater is healthy: for container health checks
    Health {
        /// Whom to ask [default: the admin listener's /health]
        url: Option<String>,
    },
    /// Print completions for a shell
    Completions {
        /// The shell that shall know the commands
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Built-in name or file of the stack [default: headwater.yaml, else users]
    pub stack: Option<String>,

    /// Look at this machine as a node of a Swarm, though it is in none yet
    #[arg(long)]
    pub swarm: bool,

    /// Image of headwater
    #[arg(long, value_name = "IMAGE", default_value = "headwater")]
    pub image: String,

    /// Socket of the Docker engine [default: that of `DOCKER_HOST`, else /var/run/docker.sock]
    #[arg(long, value_name = "PATH")]
    pub engine: Option<PathBuf>,

    /// What stands for `/`: another system's /proc and /sys
    #[arg(long, value_name = "DIR", hide = true)]
    pub root: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Autoscale {
    /// Built-in name or file of the stack [default: headwater.yaml, else users]
    pub stack: Option<String>,

    /// The service of the stack that shall have more or fewer replicas
    #[arg(long, value_name = "SERVICE")]
    pub service: String,

    /// What shall hold: lag=10s, rate=50 (a second, each), latency=200ms, or cpu=60% (of a core, each)
    #[arg(long, value_name = "TARGET")]
    pub target: Target,

    /// Never fewer replicas
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub min: u32,

    /// Never more replicas
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub max: u32,

    /// Admin listeners that know the measure [default: those of the gate in front, else of the service]
    #[arg(long, value_name = "ADDR:PORT", value_delimiter = ',')]
    pub from: Vec<String>,

    /// Start more when they were needed for this long; it begins anew with each change
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub up_after: Duration,

    /// Stop some when fewer would have done for this long; it begins anew with each change
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    pub down_after: Duration,

    /// So far beside the target is on target
    #[arg(long, value_name = "SHARE", default_value = "10%", value_parser = share)]
    pub tolerance: f64,

    /// Look this often
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub every: Duration,

    /// Name that Swarm or Compose gave the stack [default: the stack's name]
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,

    /// Socket of the Docker engine [default: that of `DOCKER_HOST`, else /var/run/docker.sock]
    #[arg(long, value_name = "PATH")]
    pub engine: Option<PathBuf>,

    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub(super) struct Render {
    /// What runs the stack
    #[arg(value_enum)]
    pub target: Platform,

    /// Built-in name or file [default: headwater.yaml, else users]
    pub stack: Option<String>,

    /// Directory to write into, with all that the deployment needs [default: standard output]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,

    /// Image of headwater
    #[arg(long, value_name = "IMAGE", default_value = "headwater")]
    pub image: String,

    /// Give a variable of the stack a value
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub set: Vec<(String, String)>,

    /// How many of a service run
    #[arg(long, value_name = "SERVICE=N", value_parser = assignment::<u32>)]
    pub scale: Vec<(String, u32)>,

    /// What does not follow from the stack [default: deploy.yaml beside the stack file]
    #[arg(long, value_name = "FILE")]
    pub deploy: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Platform {
    Compose,
    Swarm,
    Kubernetes,
}

#[derive(Debug, Args)]
pub(super) struct MoveResource {
    /// The resource's name in the stack
    pub resource: String,
    /// Built-in name or file of the stack [default: headwater.yaml, else users]
    pub stack: Option<String>,
    /// Where to: sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE
    #[arg(long, value_name = "STORE")]
    pub to: String,
    /// Where from [default: the store that the stack names]
    #[arg(long, value_name = "STORE")]
    pub from: Option<String>,
    /// Go on with a move that was interrupted
    #[arg(long)]
    pub resume: bool,
}

#[derive(Debug, Args)]
pub(super) struct AuditFlow {
    /// The flow that generates the records
    pub flow: String,

    /// Where they went: a file, a directory of datasets, a URL of http, postgres or nats [default: what the sink names]
    pub targets: Vec<String>,

    /// Built-in name or file of the stack [default: headwater.yaml, else users]
    #[arg(long)]
    pub stack: Option<String>,

    /// A flow that the records go through behind the first one: its steps apply too
    #[arg(long, value_name = "SERVICE")]
    pub through: Vec<String>,

    /// The field that tells records apart [default: a sequence, uuid or ulid, else all of a record]
    #[arg(long, value_name = "FIELD")]
    pub by: Option<String>,

    /// How many records were made [default: what the flow's checkpoint says]
    #[arg(long, value_name = "N")]
    pub made: Option<u64>,

    /// Examples of each kind of fault
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub examples: usize,

    /// File with a token for an API or a NATS server
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct PlayBack {
    /// What `record:` of a flow wrote, or NDJSON with a time in each record
    pub recording: PathBuf,

    /// original, max, or how many times as fast
    #[arg(long, default_value = "original")]
    pub speed: String,

    /// A sink as in a stack file: `append_file: out.ndjson`, `http: http://localhost:8080/`
    #[arg(long, value_name = "SINK", default_value = "print")]
    pub to: String,

    /// Longer pauses are made this long
    #[arg(long, value_name = "DURATION")]
    pub longest_gap: Option<String>,

    /// Fields with a time that is moved to now
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    pub shift: Vec<String>,

    /// The field with the time, in files that are no recordings
    #[arg(long, value_name = "FIELD", default_value = "time")]
    pub time: String,

    /// Go on with what is recorded from then on
    #[arg(long)]
    pub follow: bool,

    /// Go on where an interrupted replay was
    #[arg(long)]
    pub resume: bool,
}

#[derive(Debug, Args)]
pub(super) struct Up {
    /// Built-in name or file [default: headwater.yaml, else users]
    pub stack: Option<String>,

    /// Run only these services
    #[arg(long, value_name = "SERVICE", num_args = 1..)]
    pub only: Vec<String>,

    /// Let a service listen on another port (0: any free one)
    #[arg(long, value_name = "SERVICE=N", value_parser = assignment::<u16>)]
    pub port: Vec<(String, u16)>,

    /// Run a flow, or a server behind a gate, several times
    #[arg(long, value_name = "SERVICE=N", value_parser = assignment::<u32>)]
    pub scale: Vec<(String, u32)>,

    /// Apply the stack file whenever it changes
    #[arg(long)]
    pub watch: bool,

    /// Admin listeners of other processes of this stack, for one map of all [also: `HEADWATER_PEERS`]
    #[arg(long, value_name = "ADDR:PORT", value_delimiter = ',')]
    pub peers: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The service's name in the stack
    pub service: String,

    /// Built-in name or file [default: headwater.yaml, else users]
    #[arg(long)]
    pub stack: Option<String>,

    /// Listen on another port (0: any free one)
    #[arg(long, value_name = "N")]
    pub port: Vec<Port>,

    /// Admin listeners of other processes of this stack, for one map of all [also: `HEADWATER_PEERS`]
    #[arg(long, value_name = "ADDR:PORT", value_delimiter = ',')]
    pub peers: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum StacksCommand {
    /// Print a built-in stack file
    Show {
        /// One of those that `headwater stacks` lists
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum LettersCommand {
    /// Count the dead letters of each flow by their reasons
    List {
        /// Built-in name or file of the stack [default: headwater.yaml, else users]
        #[arg(long)]
        stack: Option<String>,
    },
    /// Print dead letters of a flow, the newest last
    Show {
        /// The flow
        service: String,
        /// Only this one
        number: Option<u64>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 20)]
        last: usize,
        /// Built-in name or file of the stack [default: headwater.yaml, else users]
        #[arg(long)]
        stack: Option<String>,
    },
    /// Deliver dead letters again, from the step that rejected them; a flow that does not run does it at its next start
    Replay(ChosenLetters),
    /// Remove dead letters for good; a flow that does not run does it at its next start
    Drop(ChosenLetters),
}

#[derive(Debug, Args)]
pub(super) struct ChosenLetters {
    /// The flow
    pub service: String,
    /// The numbers of the letters
    pub numbers: Vec<u64>,
    /// Those whose reason has this text in it
    #[arg(long, value_name = "TEXT", conflicts_with = "numbers")]
    pub reason: Option<String>,
    /// All that there are now
    #[arg(long, conflicts_with_all = ["numbers", "reason"])]
    pub all: bool,
    /// Built-in name or file of the stack [default: headwater.yaml, else users]
    #[arg(long)]
    pub stack: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Kinds {
    /// Only this one
    pub name: Option<String>,

    /// The guarantee of every source with every sink
    #[arg(long)]
    pub guarantees: bool,

    /// The JSON Schema of stack files, for editors
    #[arg(long)]
    pub schema: bool,
}

#[derive(Debug, Args)]
pub(super) struct Generate {
    /// Fields with their types: a YAML file, or the text itself: '{ id: uuid, name: person.name }'
    pub schema: String,

    /// How many records
    #[arg(short = 'n', long = "number", default_value_t = 10)]
    pub number: u64,

    /// What a record looks like
    #[arg(long, value_enum, default_value_t = DataFormat::Ndjson)]
    pub format: DataFormat,

    /// The same seed gives the same data
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// Index of the first record
    #[arg(long, default_value_t = 0)]
    pub from: u64,

    /// Threads; the bytes are the same for any number
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: u16,

    /// File to write [default: standard output]
    #[arg(short, long)]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DataFormat {
    Ndjson,
    Csv,
}

pub(super) fn completions(shell: clap_complete::Shell) -> exit::Code {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "headwater", &mut text);
    out::say(&String::from_utf8_lossy(&text));
    exit::OK
}

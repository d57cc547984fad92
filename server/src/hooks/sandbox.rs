//! The narrow room that scripts of templates run in: entered by the process that becomes the interpreter.
//!
//! Landlock takes the files away (the interpreter's own are left, to read), seccomp the network, other processes and
//! their signals, limits of the system the rest. The only ways out are the file descriptors that were handed in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::Args;
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, apply_filter,
};

/// The hidden command that enters the room.
pub const COMMAND: &str = "confined";
/// Most files that a script has open.
const FILES_MAX: u64 = 64;

/// What a script has no use for: new connections, other processes, what others own, the machine.
const REFUSED: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_io_uring_setup,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_pidfd_getfd,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_setsid,
    libc::SYS_setpgid,
    libc::SYS_setpriority,
    libc::SYS_setrlimit,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_chroot,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_shmget,
    libc::SYS_semget,
    libc::SYS_msgget,
    libc::SYS_mq_open,
    // Landlock leaves modes, owners, attributes and times of files alone.
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_utimensat,
];
/// The older forms that this architecture still has.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[i64] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
];
/// This architecture has no older forms.
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[i64] = &[];

/// How narrow it is, and what runs inside.
#[derive(Debug, Args)]
pub struct Room {
    /// Files and folders that can be read
    #[arg(long, value_name = "PATH")]
    read: Vec<PathBuf>,
    /// Address space
    #[arg(long, value_name = "BYTES")]
    memory: u64,
    /// Time of the processor
    #[arg(long, value_name = "SECONDS")]
    cpu: u64,
    /// What runs, with its arguments
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

/// Narrows this process and becomes the program; returns only when that fails.
pub fn enter(room: &Room) -> anyhow::Result<()> {
    let (program, arguments) = room.program.split_first().context("nothing to run")?;
    take_files(&room.read)?;
    limit(room).context("limiting the process")?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .context("giving privileges up")?;
    take_calls().context("taking system calls away")?;
    Err(Command::new(program).args(arguments).exec()).with_context(|| format!("running {}", program.display()))
}

fn take_files(readable: &[PathBuf]) -> anyhow::Result<()> {
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::from_all(ABI::V5))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .add_rules(path_beneath_rules(readable, AccessFs::from_read(ABI::V1)))?
        .restrict_self()?;
    if status.ruleset == RulesetStatus::NotEnforced {
        bail!("this kernel has no Landlock, which keeps files from scripts");
    }
    Ok(())
}

fn limit(room: &Room) -> io::Result<()> {
    let at_most = |resource, most| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    at_most(Resource::As, room.memory)?;
    at_most(Resource::Cpu, room.cpu)?;
    at_most(Resource::Nofile, FILES_MAX)?;
    at_most(Resource::Fsize, 0)?;
    at_most(Resource::Core, 0)?;
    Ok(())
}

fn take_calls() -> anyhow::Result<()> {
    let always = REFUSED.iter().chain(REFUSED_HERE).map(|call| (*call, Vec::new()));
    install(always.chain([processes()?, limits()?]).collect(), libc::EPERM)?;
    // Its flags lie in memory, where no filter looks: the C library goes on with `clone` when it is told that there is none.
    install(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
}

/// Threads are made by the same call as processes.
fn processes() -> anyhow::Result<(i64, Vec<SeccompRule>)> {
    let thread = u64::try_from(libc::CLONE_THREAD)?;
    let condition = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(thread), 0)?;
    Ok((libc::SYS_clone, vec![SeccompRule::new(vec![condition])?]))
}

/// Limits can be asked for, not set.
fn limits() -> anyhow::Result<(i64, Vec<SeccompRule>)> {
    let condition = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?;
    Ok((libc::SYS_prlimit64, vec![SeccompRule::new(vec![condition])?]))
}

fn install(calls: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> anyhow::Result<()> {
    let refusal = SeccompAction::Errno(u32::try_from(error)?);
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, refusal, std::env::consts::ARCH.try_into()?)?;
    let program: seccompiler::BpfProgram = filter.try_into()?;
    Ok(apply_filter(&program)?)
}

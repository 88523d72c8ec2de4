//! The pool of threads of a compiled library.
//!
//! A launch hands out the tasks `0..n` of a kernel. What a task computes depends on its number only,
//! so that it does not matter who runs it. Every thread, the caller among them, begins with a range of
//! its own (neighbouring tasks share caches, and the same thread gets them launch after launch), and
//! then takes what others have not begun yet: nobody waits for a thread that is slow to wake up.
//!
//! Threads without work spin for a while, then sleep in the kernel (futex). A pool that is busy makes
//! a second caller run its tasks itself. After a fork the child has the pool's memory, but not its
//! threads: the shared part of it is wiped by the kernel, which the child sees as "no threads".
//!
//! The file is compiled on its own, as freestanding code of which an object is embedded in `lgc`, and
//! again as part of the tests. It calls `pthread_create` and `pthread_join`, and nothing else; the
//! rest are system calls. It never panics: no indexing, no overflow that is checked, no division by
//! what may be 0.

use core::arch::asm;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

/// A task: called with the data of its launch and its number.
pub(crate) type Task = unsafe extern "C" fn(*mut c_void, u64);

/// The function that a pool begins with: runs tasks `0..n` and returns when all are done.
pub(crate) type Run = unsafe extern "C" fn(*mut Pool, u64, Task, *mut c_void);

/// The most threads of a pool, the caller included.
pub(crate) const MAX_THREADS: u32 = 256;

/// How often a thread looks for news before it sleeps: tens of microseconds.
const SPINS: u32 = 1000;

/// The most tasks that are handed out at once: their numbers have [`TASK_BITS`] bits in a ticket.
const MAX_TASKS: u64 = (1 << TASK_BITS) - 1;
const TASK_BITS: u32 = 12;

const PAGE: usize = 4096;

// The functions of libc.
unsafe extern "C" {
    fn pthread_create(
        thread: *mut usize,
        attributes: *const c_void,
        start: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
        argument: *mut c_void,
    ) -> i32;
    fn pthread_join(thread: usize, result: *mut *mut c_void) -> i32;
}

// Numbers of system calls and of their options, on x86-64.
const SYS_MMAP: usize = 9;
const SYS_MUNMAP: usize = 11;
const SYS_RT_SIGPROCMASK: usize = 14;
const SYS_MADVISE: usize = 28;
const SYS_GETPID: usize = 39;
const SYS_FUTEX: usize = 202;
const SYS_SCHED_GETAFFINITY: usize = 204;
const PROT_READ_WRITE: usize = 3;
const MAP_PRIVATE_ANONYMOUS: usize = 0x22;
const MADV_WIPEONFORK: usize = 18;
const FUTEX_WAIT_PRIVATE: usize = 128;
const FUTEX_WAKE_PRIVATE: usize = 129;
const SIG_SETMASK: usize = 2;

/// A system call; the result as the kernel gives it.
///
/// # Safety
/// What the call does with its arguments is sound.
unsafe fn system_call(number: usize, arguments: [usize; 6]) -> isize {
    let [a, b, c, d, e, f] = arguments;
    let result: isize;
    // SAFETY: the calling convention of the kernel: it keeps all registers but these three.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// Sleeps while a word has a value; returns early now and then.
fn futex_wait(word: &AtomicU32, value: u32) {
    // SAFETY: the word is alive; without a timeout nothing else is read.
    unsafe {
        let address = word.as_ptr() as usize;
        let arguments = [address, FUTEX_WAIT_PRIVATE, value as usize, 0, 0, 0];
        system_call(SYS_FUTEX, arguments);
    }
}

/// Wakes threads that sleep on a word.
fn futex_wake(word: &AtomicU32, count: u32) {
    // SAFETY: the call only uses the address of the word.
    unsafe {
        let address = word.as_ptr() as usize;
        let arguments = [address, FUTEX_WAKE_PRIVATE, count as usize, 0, 0, 0];
        system_call(SYS_FUTEX, arguments);
    }
}

/// How the processor rounds, and what it does about denormal numbers.
pub(crate) fn float_mode() -> u32 {
    let mut mode = 0u32;
    // SAFETY: stores 32 bits.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut mode, options(nostack)) };
    mode
}

pub(crate) fn set_float_mode(mode: u32) {
    // SAFETY: the value comes from `float_mode`, so it has no reserved bits.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const mode, options(nostack)) };
}

/// A pool. Its address is the handle that callers hold.
#[repr(C)]
pub(crate) struct Pool {
    /// First, since entries of any library call it through the handle.
    run: Run,
    /// What threads share: zeros in a process that was forked off.
    shared: *const Shared,
    /// The process that the threads belong to, if its children do not see zeros; else 0.
    owner: u32,
    /// Threads beside the caller.
    workers: u32,
    workers_of: [Worker; MAX_THREADS as usize],
}

/// A thread of a pool.
#[repr(C)]
struct Worker {
    shared: *const Shared,
    /// The number of the range that it begins with; the caller has 0.
    number: u32,
    /// What `pthread_join` wants.
    thread: usize,
}

/// What the threads of a pool share.
#[repr(C)]
struct Shared {
    /// 1; 0 in a process that was forked off.
    alive: AtomicU32,
    /// 1 while a caller uses the pool.
    busy: AtomicU32,
    /// 1 when the threads are to end.
    stop: AtomicU32,
    /// The number of ranges: the threads, the caller included.
    ranges: AtomicU32,
    /// The number of the launch; only its caller changes it.
    launch: AtomicU64,
    task: AtomicPtr<c_void>,
    data: AtomicPtr<c_void>,
    /// What is added to the numbers of tasks.
    first: AtomicU64,
    float_mode: AtomicU32,
    news: News,
    progress: Progress,
    tickets: [Ticket; MAX_THREADS as usize],
}

/// What threads without work watch.
#[repr(C, align(64))]
struct News {
    /// Changes with every launch.
    epoch: AtomicU32,
    sleepers: AtomicU32,
}

/// What the caller watches.
#[repr(C, align(64))]
struct Progress {
    /// Tasks that are not done.
    remaining: AtomicU32,
    /// 1 if the caller sleeps.
    waiting: AtomicU32,
}

/// The tasks of a range that nobody has begun: the number of the launch, where they begin and where
/// they end, in one word, so that a claim holds for one launch only.
#[repr(C, align(64))]
struct Ticket(AtomicU64);

fn ticket(launch: u64, begin: u64, end: u64) -> u64 {
    launch << (2 * TASK_BITS) | begin << TASK_BITS | end
}

/// What is to be done.
struct Job {
    task: *mut c_void,
    data: *mut c_void,
    first: u64,
    float_mode: u32,
}

const HEADER_BYTES: usize = size_of::<Pool>().next_multiple_of(PAGE);
const SHARED_BYTES: usize = size_of::<Shared>().next_multiple_of(PAGE);

impl Shared {
    /// The job of the launch that is under way.
    fn job(&self) -> Job {
        Job {
            task: self.task.load(Relaxed),
            data: self.data.load(Relaxed),
            first: self.first.load(Relaxed),
            float_mode: self.float_mode.load(Relaxed),
        }
    }

    /// Takes a task from a range.
    ///
    /// The job is read between looking at the ticket and changing it. While a task is left it cannot
    /// change, since the caller waits for that task; and if none is left, the exchange fails, since
    /// no two launches have equal tickets.
    fn claim(&self, ticket: &Ticket) -> Option<(Job, u64)> {
        let mut seen = ticket.0.load(Acquire);
        loop {
            let (begin, end) = (seen >> TASK_BITS & MAX_TASKS, seen & MAX_TASKS);
            if begin >= end {
                return None;
            }
            let job = self.job();
            let next = seen.wrapping_add(1 << TASK_BITS);
            match ticket.0.compare_exchange_weak(seen, next, AcqRel, Acquire) {
                Ok(_) => return Some((job, begin)),
                Err(other) => seen = other,
            }
        }
    }

    /// Runs tasks until none is left to begin, those of a range of its own first.
    fn work(&self, own: u32) {
        let ranges = self.ranges.load(Relaxed);
        let mut mode = float_mode();
        let (own, others) = self.tickets.split_at_checked(own as usize).map_or(
            (self.tickets.as_slice(), [].as_slice()),
            |(before, after)| (after, before),
        );
        let mine = (ranges as usize).saturating_sub(others.len());
        for ticket in own.iter().take(mine).chain(others) {
            while let Some((job, number)) = self.claim(ticket) {
                if job.float_mode != mode {
                    mode = job.float_mode;
                    set_float_mode(mode);
                }
                // SAFETY: the caller of the launch vouches for the function and its data, and waits
                // until this task is done.
                unsafe {
                    let task = core::mem::transmute::<*mut c_void, Task>(job.task);
                    task(job.data, job.first.wrapping_add(number));
                }
                self.done();
            }
        }
    }

    /// Counts a task as done; wakes the caller after the last.
    fn done(&self) {
        let progress = &self.progress;
        if progress.remaining.fetch_sub(1, SeqCst) == 1 && progress.waiting.load(SeqCst) != 0 {
            futex_wake(&progress.remaining, 1);
        }
    }

    /// Hands out tasks, takes part, and returns when all are done.
    fn launch(&self, first: u64, count: u64, task: Task, data: *mut c_void) {
        let ranges = u64::from(self.ranges.load(Relaxed)).max(1);
        let launch = self.launch.load(Relaxed).wrapping_add(1);
        self.launch.store(launch, Relaxed);
        self.task.store(task as *mut c_void, Relaxed);
        self.data.store(data, Relaxed);
        self.first.store(first, Relaxed);
        self.float_mode.store(float_mode(), Relaxed);
        self.progress.waiting.store(0, Relaxed);
        self.progress.remaining.store(count as u32, Relaxed);
        for (range, slot) in (0..ranges).zip(&self.tickets) {
            let (begin, end) = (range * count / ranges, (range + 1) * count / ranges);
            slot.0.store(ticket(launch, begin, end), Release);
        }
        self.news.epoch.store(launch as u32, SeqCst);
        let sleepers = self.news.sleepers.load(SeqCst);
        if sleepers != 0 {
            futex_wake(&self.news.epoch, sleepers.min(count as u32));
        }
        self.work(0);
        self.wait();
    }

    /// Waits until all tasks are done.
    fn wait(&self) {
        let progress = &self.progress;
        for _ in 0..SPINS {
            if progress.remaining.load(Acquire) == 0 {
                return;
            }
            core::hint::spin_loop();
        }
        progress.waiting.store(1, SeqCst);
        loop {
            let remaining = progress.remaining.load(SeqCst);
            if remaining == 0 {
                return;
            }
            futex_wait(&progress.remaining, remaining);
        }
    }

    /// Waits for another launch than the one that was seen last.
    fn next_launch(&self, seen: u32) -> u32 {
        for _ in 0..SPINS {
            let epoch = self.news.epoch.load(Acquire);
            if epoch != seen {
                return epoch;
            }
            core::hint::spin_loop();
        }
        self.news.sleepers.fetch_add(1, SeqCst);
        let epoch = loop {
            let epoch = self.news.epoch.load(SeqCst);
            if epoch != seen {
                break epoch;
            }
            futex_wait(&self.news.epoch, seen);
        };
        self.news.sleepers.fetch_sub(1, SeqCst);
        epoch
    }
}

unsafe extern "C" fn start(worker: *mut c_void) -> *mut c_void {
    // SAFETY: the argument that `create` gave: a worker of a pool, which outlives its threads.
    let (shared, number) = unsafe {
        let worker = &*worker.cast::<Worker>();
        (&*worker.shared, worker.number)
    };
    let mut seen = 0;
    loop {
        seen = shared.next_launch(seen);
        if shared.stop.load(Acquire) != 0 {
            return ptr::null_mut();
        }
        shared.work(number);
    }
}

impl Pool {
    /// What the threads share, if they are threads of this process.
    fn shared(&self) -> Option<&Shared> {
        // SAFETY: set by `create`, and mapped until `destroy`; all fields may be zero.
        let shared = unsafe { &*self.shared };
        let is_ours = self.owner == 0 || self.owner == process();
        (shared.alive.load(Relaxed) != 0 && is_ours).then_some(shared)
    }
}

fn process() -> u32 {
    // SAFETY: the call has no arguments.
    unsafe { system_call(SYS_GETPID, [0; 6]) as u32 }
}

/// Runs tasks `0..tasks`, each once, and returns when all are done.
unsafe extern "C" fn run(pool: *mut Pool, tasks: u64, task: Task, data: *mut c_void) {
    // SAFETY: the handle of a pool that is not destroyed yet.
    let shared = unsafe { &*pool }.shared();
    if let Some(shared) = shared.filter(|_| tasks > 1)
        && shared.busy.swap(1, Acquire) == 0
    {
        let mut first = 0;
        while first < tasks {
            let count = (tasks - first).min(MAX_TASKS);
            shared.launch(first, count, task, data);
            first += count;
        }
        shared.busy.store(0, Release);
        return;
    }
    for number in 0..tasks {
        // SAFETY: what the caller vouches for.
        unsafe { task(data, number) };
    }
}

/// The number of processors that this process may use.
fn processors() -> u32 {
    let mut mask = MaybeUninit::<[u64; 128]>::uninit();
    // SAFETY: the call writes at most the bytes of `mask`, in whole words, and says how many; only
    // these are read.
    unsafe {
        let address = mask.as_mut_ptr() as usize;
        let written = system_call(
            SYS_SCHED_GETAFFINITY,
            [0, size_of_val(&mask), address, 0, 0, 0],
        );
        let mut count = 0;
        for word in 0..written.max(0) as usize / 8 {
            count += mask.as_ptr().cast::<u64>().add(word).read().count_ones();
        }
        count.max(1)
    }
}

/// Memory of whole pages, zero.
fn map(bytes: usize) -> Option<*mut u8> {
    // SAFETY: new memory overlaps none.
    let address = unsafe {
        let anonymous = [
            0,
            bytes,
            PROT_READ_WRITE,
            MAP_PRIVATE_ANONYMOUS,
            usize::MAX,
            0,
        ];
        system_call(SYS_MMAP, anonymous)
    };
    (address > 0).then_some(address as *mut u8)
}

/// Makes a pool of that many threads, the caller included; 0 stands for the number of processors.
/// NULL if there is no memory. If the system gives fewer threads, the pool has fewer.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn lgc_pool_create(threads: u32) -> *mut Pool {
    let threads = if threads == 0 { processors() } else { threads };
    let wanted = threads.min(MAX_THREADS) - 1;
    let Some(memory) = map(HEADER_BYTES + SHARED_BYTES) else {
        return ptr::null_mut();
    };
    // SAFETY: the memory is large enough for both, zero, aligned to pages, and nobody else's. Zero is
    // a value of every field but `run`, which is written before the pool is used as one.
    unsafe {
        let pool = memory.cast::<Pool>();
        let shared_at = memory.add(HEADER_BYTES);
        let advice = [shared_at as usize, SHARED_BYTES, MADV_WIPEONFORK, 0, 0, 0];
        let is_wiped = system_call(SYS_MADVISE, advice) == 0;
        (&raw mut (*pool).run).write(run);
        (&raw mut (*pool).shared).write(shared_at.cast());
        (&raw mut (*pool).owner).write(if is_wiped { 0 } else { process() });
        let shared = &*shared_at.cast::<Shared>();
        shared.alive.store(1, Relaxed);
        let workers = start_workers((&raw mut (*pool).workers_of).cast(), shared, wanted);
        (&raw mut (*pool).workers).write(workers);
        shared.ranges.store(workers + 1, Relaxed);
        pool
    }
}

/// Starts threads, which take no signals: these are for the threads of the program. How many.
///
/// # Safety
/// `first` is the first of that many workers, which stay where they are until they have ended.
unsafe fn start_workers(first: *mut Worker, shared: *const Shared, wanted: u32) -> u32 {
    let (all, mut before) = (u64::MAX, 0u64);
    let mut started = 0;
    // SAFETY: both masks are alive and have 8 bytes; workers are written before they are used.
    unsafe {
        let (new, old) = (&raw const all as usize, &raw mut before as usize);
        system_call(SYS_RT_SIGPROCMASK, [SIG_SETMASK, new, old, 8, 0, 0]);
        while started < wanted {
            let worker = first.add(started as usize);
            worker.write(Worker {
                shared,
                number: started + 1,
                thread: 0,
            });
            let thread = &raw mut (*worker).thread;
            if pthread_create(thread, ptr::null(), start, worker.cast()) != 0 {
                break;
            }
            started += 1;
        }
        system_call(SYS_RT_SIGPROCMASK, [SIG_SETMASK, old, 0, 8, 0, 0]);
    }
    started
}

/// Ends the threads of a pool, waits until they have ended, and frees its memory. NULL is allowed.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn lgc_pool_destroy(pool: *mut Pool) {
    if pool.is_null() {
        return;
    }
    // SAFETY: a pool that `lgc_pool_create` made, which nobody uses any more.
    unsafe {
        if let Some(shared) = (*pool).shared() {
            shared.stop.store(1, Release);
            shared.news.epoch.fetch_add(1, SeqCst);
            futex_wake(&shared.news.epoch, i32::MAX as u32);
            let first = (&raw mut (*pool).workers_of).cast::<Worker>();
            for worker in 0..(*pool).workers {
                let thread = (*first.add(worker as usize)).thread;
                pthread_join(thread, ptr::null_mut());
            }
        }
        system_call(
            SYS_MUNMAP,
            [pool as usize, HEADER_BYTES + SHARED_BYTES, 0, 0, 0, 0],
        );
    }
}

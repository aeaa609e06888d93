/* What the kernel tells the agent: the only header that both sides share. */
#ifndef COLDMETER_BPF_RECORD_H
#define COLDMETER_BPF_RECORD_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define RECORD_VALUE_BYTES 160 /* of one environment variable, cut beyond */
#define RECORD_ID_BYTES 40     /* a 36-character request id */
#define RECORD_TRACE_BYTES 64
#define RECORD_TARGET_BYTES 64  /* of a request, where names come from it */
#define RECORD_CGROUP_BYTES 96  /* "cri-containerd-" + 64 digits + ".scope" fit */
#define RECORD_PROCESS_BYTES 16 /* TASK_COMM_LEN, include/linux/sched.h */
#define RECORD_WORDS __attribute__((aligned(8))) /* copied a word at a time */
#define RECORD_UNKNOWN (~0ULL)

/* The variables that make a process a function. The kernel compares the first 8 bytes and
 * then the rest; order is the index into record_exec.value, and of several that name a
 * function the first that is not empty does, in the kernel as in agent/names.c. */
enum record_variable {
	VARIABLE_FUNCTION,       /* COLDMETER_FUNCTION */
	VARIABLE_KIND,           /* COLDMETER_KIND */
	VARIABLE_LAMBDA_NAME,    /* AWS_LAMBDA_FUNCTION_NAME */
	VARIABLE_LAMBDA_VERSION, /* AWS_LAMBDA_FUNCTION_VERSION */
	VARIABLE_LAMBDA_MEMORY,  /* AWS_LAMBDA_FUNCTION_MEMORY_SIZE */
	VARIABLE_LAMBDA_API,     /* AWS_LAMBDA_RUNTIME_API */
	VARIABLE_AWS_REGION,     /* AWS_REGION */
	VARIABLE_K_SERVICE,
	VARIABLE_K_REVISION,
	VARIABLE_FUNCTION_TARGET,
	VARIABLE_AZURE_SITE,    /* WEBSITE_SITE_NAME */
	VARIABLE_OPENFAAS,      /* OPENFAAS_NAME */
	VARIABLE_OPENWHISK,     /* __OW_ACTION_NAME */
	VARIABLE_OPENWHISK_API, /* __OW_API_HOST */
	VARIABLE_NUCLIO,        /* NUCLIO_FUNCTION_NAME */
	VARIABLE_AZURE_HANDLER, /* FUNCTIONS_CUSTOMHANDLER_PORT */
	VARIABLE_AZURE_WORKER,  /* FUNCTIONS_WORKER_RUNTIME */
	VARIABLE_FPROCESS,      /* fprocess: what an OpenFaaS watchdog runs */
	RECORD_VARIABLES
};

enum record_kind {
	RECORD_EXEC = 1,
	RECORD_READY,
	RECORD_INVOCATION,
	RECORD_END,
	RECORD_BLIND,
	RECORD_COLDSTART = 16,
	RECORD_SAMPLE,
	RECORD_NAME
};

enum record_function_kind {
	FUNCTION_UNDECIDED,
	FUNCTION_LAMBDA,
	FUNCTION_HTTP,
	FUNCTION_PROCESS
};

/* A new sandbox: who it is. */
struct record_exec {
	__u32 kind;
	__u32 pid;
	__u64 sandbox;
	__u64 start_ns; /* fork of its first process; boot clock, as all times here */
	__u64 exec_ns;
	__u64 memory_limit_bytes;         /* of its container, 0: none */
	__u32 present;                    /* bit per variable */
	__u32 parent;                     /* pid of who started it */
	char cgroup[RECORD_CGROUP_BYTES]; /* the last part of its path, "" in the root */
	char value[RECORD_VARIABLES][RECORD_VALUE_BYTES];
	char process[RECORD_PROCESS_BYTES]; /* what the kernel calls it */
};

/* The sandbox is ready: first listen() or first GET .../next. With the kernel's counters
 * of the process that made it so, from its fork. */
struct record_ready {
	__u32 kind;
	__u32 pid;
	__u64 sandbox;
	__u64 ready_ns;
	__u64 first_exec_ns;
	__u64 last_exec_ns;
	__u64 cpu_ns;
	__u64 run_queue_ns;
	__u64 read_bytes;
	__u64 disk_bytes;
	__u32 major_faults;
	__u32 execs;                        /* 0: nothing of this is known */
	char process[RECORD_PROCESS_BYTES]; /* that made it so, "" not known */
};

#define COLDSTART_EXECS 8
#define COLDSTART_PEERS 4
#define COLDSTART_NAME_BYTES 16 /* TASK_COMM_LEN, include/linux/sched.h */

/* A moment of a cold start, with the kernel's counters until then: of the process that
 * reached it, its ancestors in the sandbox, and their children that ended. */
struct coldstart_mark {
	__u64 at_ns; /* 0: not reached */
	__u64 cpu_ns;
	__s64 running_ns; /* since the thread was last accounted */
	__u64 run_queue_ns;
	__u64 disk_bytes;
	__u32 major_faults;
	__u32 cpu;
	__u32 pid;
	__u32 padding;
};

enum coldstart_moment { MARK_READY, MARK_EVENT, MARK_RESPONSE, COLDSTART_MARKS };

/* Who was waited for before ready: connects, and what followed a send until something
 * came. */
struct coldstart_peer {
	__u8 address[16]; /* of AF_INET the first 4 */
	__u16 port;       /* network order */
	__u16 family;
	__u32 waits; /* 0: no peer */
	__u64 wait_ns;
};

/* What a cold start went through. Sent before the first record of an invocation that ends
 * in the sandbox. */
struct record_coldstart {
	__u32 kind;
	__u32 pid;
	__u64 sandbox;
	__u64 cgroup_ns; /* when its cgroup was made; 0: not known */
	struct coldstart_exec {
		struct coldstart_mark mark; /* in no order; at_ns 0: none */
		char name[COLDSTART_NAME_BYTES];
	} execs[COLDSTART_EXECS];
	struct coldstart_mark marks[COLDSTART_MARKS];
	struct coldstart_peer peers[COLDSTART_PEERS];
	__u64 others_wait_ns; /* of peers that found no room */
	__u32 others;
	__u32 helpers; /* programs that ended before, or were not on the way to ready */
};

#define DEEP_NAME_BYTES 64
#define SAMPLE_USER_FRAMES 96
#define SAMPLE_KERNEL_FRAMES 32

/* What a process of a sandbox was doing, during its init. Frames are addresses, the
 * innermost first. */
struct record_sample {
	__u32 kind;
	__u32 pid;
	__u64 sandbox;
	__u64 memory;       /* tells the programs apart that a process becomes */
	__s32 user_bytes;   /* of user; negative: it could not be walked */
	__s32 kernel_bytes; /* of kernel; negative: it was not in the kernel */
	char name[COLDSTART_NAME_BYTES];
	__u64 user[SAMPLE_USER_FRAMES];
	__u64 kernel[SAMPLE_KERNEL_FRAMES];
};

/* The last process of the sandbox has gone. */
struct record_end {
	__u32 kind;
	__u32 pid;
	__u64 sandbox;
	__u64 end_ns;
	__u64
	    ended; /* invocations that ended in it, whether their record arrived or not */
	__u64 lost; /* of them, as in struct sandbox */
	__u64 shed;
};

enum record_blindness { BLIND_TLS = 1, BLIND_HTTP2, BLIND_IO_URING, BLIND_FOREIGN };

/* A connection of the sandbox cannot be read: told once for each reason. */
struct record_blind {
	__u32 kind;
	__u32 pid;
	__u64 sandbox;
	__u32 why; /* enum record_blindness */
	__u32 padding;
};

enum {                                    /* record_invocation.flags */
	INVOCATION_FIRST = 1 << 0,        /* the first of its sandbox */
	INVOCATION_ERROR = 1 << 1,        /* POST .../error */
	INVOCATION_INIT_ERROR = 1 << 2,   /* POST .../init/error */
	INVOCATION_EXITED = 1 << 3,       /* ended by the end of its process */
	INVOCATION_ABORTED = 1 << 4,      /* the connection went away first */
	INVOCATION_OOM = 1 << 5,          /* the process was an OOM victim */
	INVOCATION_MEMORY_EXACT = 1 << 6, /* the peak rose during it */
	INVOCATION_NO_START = 1 << 7,     /* a response without a request seen */
	INVOCATION_END_INFERRED = 1 << 8,
	INVOCATION_RESPONDED = 1 << 9,
	INVOCATION_CPU_ESTIMATE = 1 << 10,
	INVOCATION_READY_INFERRED = 1 << 11,
	INVOCATION_STATUS_ESTIMATE = 1 << 12, /* what tells it could not be read */
	INVOCATION_FRONT_DOOR = 1 << 13, /* its target is one of Lambda's invoke API */
	INVOCATION_WAITED = 1 << 20      /* wait_ns is known */
};

struct record_invocation {
	__u32 kind;
	__u32 pid;
	__u64 sandbox;
	__u64 start_ns;
	__u64 end_ns;
	__u64 response_ns; /* 0: none seen */
	__u64 cpu_ns;
	__u64 run_queue_ns; /* RECORD_UNKNOWN: this kernel does not count it */
	__u64 throttled_ns; /* by CPU limits of its cgroups */
	__u64 busy_ns;
	__u64 peak_bytes; /* 0: unknown */
	__u64 request_bytes;
	__u64 response_bytes;
	__u64 deadline_ms; /* of the event, wall clock; 0: none */
	__u32 flags;
	__u32 exit_code; /* as wait(2) gives it, when INVOCATION_EXITED */
	__u16 http_status;
	__u16 concurrency;
	__u8 function_kind;
	__u8 padding[3];
	__u64 wait_ns; /* lay in the socket so long before it was read; to a tick */
	/* a record may end here: it has neither of these */
	char request_id[RECORD_ID_BYTES] RECORD_WORDS;
	char trace_id[RECORD_TRACE_BYTES] RECORD_WORDS;
};

#define RECORD_SHORT_BYTES __builtin_offsetof(struct record_invocation, request_id)

#define RECORD_NAME_BYTES 256

/* A server was told which function it is: the start of what told it so, cut. */
struct record_name {
	__u32 kind;
	__u32 pid;
	__u64 sandbox;
	char text[RECORD_NAME_BYTES] RECORD_WORDS;
};

/* Whose protocol a sandbox speaks, by what is present in its environment. */
#define SPEAKS_OPENWHISK 1
#define SPEAKS_OPENFAAS 2
#define RECORD_SPEAKS(present)                                                           \
	(((present) & (1U << VARIABLE_OPENWHISK | 1U << VARIABLE_OPENWHISK_API)          \
		 ? SPEAKS_OPENWHISK                                                      \
		 : 0) |                                                                  \
	    ((present) & (1U << VARIABLE_OPENFAAS | 1U << VARIABLE_FPROCESS)             \
		    ? SPEAKS_OPENFAAS                                                    \
		    : 0))

/* One of a server that may serve many functions: with the start of its request, method
 * and target, or, at a front door, the name and what follows it. Cut, without NUL. */
struct record_targeted {
	struct record_invocation invocation;
	char target[RECORD_TARGET_BYTES] RECORD_WORDS;
};

_Static_assert(sizeof(struct record_coldstart) == 912, "the layout is the contract");
_Static_assert(sizeof(struct record_sample) == 1072, "the layout is the contract");
_Static_assert(sizeof(struct record_ready) == 96, "the layout is the contract");
_Static_assert(sizeof(struct record_blind) == 24, "the layout is the contract");
_Static_assert(sizeof(struct record_invocation) == 232, "the layout is the contract");
_Static_assert(sizeof(struct record_targeted) == 296, "the layout is the contract");
_Static_assert(sizeof(struct record_name) == 272, "the layout is the contract");
_Static_assert(sizeof(struct record_end) == 48, "the layout is the contract");

/* Steps of detail that are left out to stay below the agent's --max-overhead. The order
 * is a contract: agents ship it. Each includes those before it. */
enum record_shed {
	SHED_NOTHING,
	SHED_THREADS, /* CPU time is the writing thread's */
	SHED_DRAIN,   /* the ring is drained less often */
	SHED_MOST,    /* of warm invocations that went well one of 8 has a record */
	SHED_ALL      /* they have none: they are counted */
};

#define SHED_KEPT_MASK 7 /* of SHED_MOST */

/* Counts per CPU; summed by the agent. */
enum record_count {
	COUNT_SEEN,
	COUNT_LOST_RING,
	COUNT_LOST_MAP,
	COUNT_LOST_EXEC, /* a sandbox whose first record found no room */
	COUNT_READ_FAULT,
	COUNT_TLS, /* connections that cannot be read */
	COUNT_HTTP2,
	COUNT_IO_URING, /* answers that could not be read for it */
	COUNT_SHED, /* invocations without a record because of SHED_MOST or SHED_ALL */
	COUNT_LOST_SAMPLE,
	COUNT_LOST_END, /* a sandbox whose last record found no room: see end_ns */
	RECORD_COUNTS
};

/* CPU time, and waits for a CPU, up to one moment. */
struct cpu_total {
	__u64 cpu_ns;
	__u64 run_queue_ns;
};

/* What an invocation began with: see cpu.bpf.h. */
struct cpu_reading {
	__u64 share_ns;
	__u64 run_queue_ns;
	__u64 throttled_ns;
	__u32 pid;        /* that it began in; 0: nothing is known */
	__u32 one_thread; /* its id: share_ns is its own CPU time; 0: the process's */
	__u32 overlaps;
	__u32 padding;
};

/* State of the tables. User space writes it only for functions older than the agent. What
 * each invocation touches comes first, in one cache line while there is one thread. */
struct process {
	__u32 pid; /* 0: this place is free */
	__s32 in_flight;
	__u32 overlaps; /* invocations that began while others were open */
	__u32 gone;
	__u64 sandbox;
	__u64 total_ns;    /* CPU time, its ended children's too, when last read */
	__u64 share_ns;    /* of one invocation that was open all the time */
	__u64 children_ns; /* CPU time of those of its children that ended */
	__u64 start_ns;
	__u32 serves; /* it listens, or was forked from one that does */
	__u32 walked_tid;
	struct cpu_total others; /* of all threads but that one */
	__u64 walked_ns;         /* when that was read */
	__u64 padding[5];        /* to two lines */
};

#define SANDBOX_MEMBERS 16 /* processes whose times and memory are added up */

/* One execution environment. lambda holds its one open invocation; http invocations live
 * with their socket. What each invocation of kind http touches comes first: two cache
 * lines. */
struct sandbox {
	__u64 number; /* 0: this place is free */
	__u64 seen;
	__u64 ended;
	__u64 busy_since_ns;
	__u64 busy_ns;  /* of the busy period, not yet settled */
	__u64 starting; /* its cold start is watched: until its first invocation ends */
	/* the most that an inner server held, or a process that ended, not yet told */
	__u64 part_pages;
	__s32 in_flight;
	__s32 processes;
	__u32 function_kind;
	__u32 open_flags;
	__u32 hosts_runtimes; /* its children are Lambda's runtimes, counted themselves */
	__u32 speaks;         /* SPEAKS_ */
	__s32 unix_in_flight; /* of those, on unix sockets, whose end nothing tells */
	__u32 forwards;       /* it has a server behind its server */
	__u64 start_ns;
	__u64 ready_ns;
	__u64 name_hash;
	__u64 pid_namespace; /* 0: the host's */
	__u64 first_exec_ns;
	__u64 last_exec_ns;
	__u64 lost;   /* of ended: without room in the ring */
	__u64 shed;   /* of ended: see SHED_MOST */
	__u64 end_ns; /* its last record found no room: the agent takes it from here */
	__u32 execs;  /* of its first process, until it is ready */
	__u32 first_pid;
	__u32 members[SANDBOX_MEMBERS]; /* pids of its processes; 0: free */
	struct cpu_total ended_cpu;     /* of processes that ended */
	__u32 oom;
	__u32 blind; /* bit per reason that was told */
	__u32 gone;
	__u32 declared; /* kind the environment asked for, FUNCTION_UNDECIDED: none */
	__u32 untold;   /* the agent does not know it: its first record found no room */
	__u32 open;     /* lambda: an invocation is open */
	__u64 open_start_ns;
	__u64 open_response_ns;
	struct cpu_reading open_cpu;
	__u64 open_rss;
	__u64 open_peak;
	__u64 open_request_bytes;
	__u64 open_response_bytes;
	__u64 open_deadline_ms;
	char open_request_id[RECORD_ID_BYTES] RECORD_WORDS;
	char open_trace_id[RECORD_TRACE_BYTES] RECORD_WORDS;
	__u32 in_init;    /* it is one of those that inits_open counts */
	__u32 padding[9]; /* to eight lines */
};

#define HEAD_REST_BYTES 78 /* "Lambda-Runtime-Aws-Request-Id: " and an id fit */

/* Part of a line, kept until the rest of it comes with another piece of the head. */
struct head_rest {
	__u8 bytes;
	__u8 cut; /* the line is longer than that: it says nothing, its end is waited for
		   */
	char text[HEAD_REST_BYTES];
};

enum exchange_role {
	ROLE_NONE,
	ROLE_SERVER,
	ROLE_CLIENT,
	ROLE_PEER,      /* a client's, of an init that is under way */
	ROLE_FORWARDER, /* a server's own connection to another over loopback */
	ROLE_INNER      /* the other end of one: part of an invocation, not one itself */
};
enum exchange_phase {
	PHASE_IDLE,
	PHASE_REQUEST,
	PHASE_HEAD, /* the response has begun, its head has not ended */
	PHASE_RESPONSE,
	PHASE_SESSION, /* upgraded: another protocol until the connection is closed */
	PHASE_HTTP2,   /* the invocations are its streams */
	PHASE_NEXT,
	PHASE_POST,
	PHASE_IGNORE
};

/* One connection; a server's is cloned from its listening socket. What few invocations
 * touch comes last. */
struct exchange {
	__u64 sandbox;
	__u64 start_ns;
	__u64 last_send_ns;
	__u64 last_receive_ns;
	__u64 end_ns;           /* of the invocation that ended last */
	__u64 wait_ns;          /* of the open invocation, with INVOCATION_WAITED */
	__u64 awaits_ns;        /* a client's, during an init: since when; 0: nothing */
	__u64 rss, peak;        /* pages, at the start */
	struct cpu_reading cpu; /* at the start */
	__u64 request_bytes, response_bytes;
	__s64 left;      /* of the body; -1: until the end is seen */
	__u32 outer_pid; /* ROLE_INNER: of the server that sent it */
	__u32 is_h2c;    /* what it is upgraded to */
	__s64 over; /* bytes of the last write that are behind the response it ended */
	__u32 role, phase;
	__u32 chunked, is_head, is_first, is_unix;
	__u32 is_adopted; /* older than the probes */
	__u32 is_open;    /* its invocation has begun and is not counted yet */
	__u32 written;    /* where the stream of TCP was at the start */
	__u32 is_closed;  /* while a write was on its way, which is told later */
	__u32 control;    /* enum http_control of the request */
	__u32 flags;      /* of the invocation, INVOCATION_ */
	__u16 status, concurrency;
	__u32 pid;         /* of the process that last read or wrote */
	__u64 target_kind; /* enum exchange_target */
	char tail[8];      /* of a response in chunks, the last five bytes */
	struct head_rest rest;
	char trace_id[RECORD_TRACE_BYTES] RECORD_WORDS;
	char target[RECORD_TARGET_BYTES] RECORD_WORDS;
};

#endif

/* What the kernel tells the agent. What both sides share besides: state.h, tables.h. */
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
	__u16 port;                         /* it listens on; 0: on none, or not known */
	__u16 padding[3];
};

#define COLDSTART_EXECS 8
#define COLDSTART_PEERS 4
#define COLDSTART_NAME_BYTES 16 /* TASK_COMM_LEN, include/linux/sched.h */
#define COLDSTART_PATH_BYTES 56 /* the end of a longer one, with a NUL */

/* A moment of a cold start, with the kernel's counters until then: of the process that
 * reached it, its ancestors in the sandbox, and their children that ended. */
struct coldstart_mark {
	__u64 at_ns; /* 0: not reached */
	__u64 cpu_ns;
	__s64 running_ns; /* not yet in the sums, and a lead that all marks have */
	__u64 run_queue_ns;
	__u64 disk_bytes;
	__u32 major_faults;
	__u32 pid;
};

enum coldstart_moment { MARK_READY, MARK_EVENT, MARK_RESPONSE, COLDSTART_MARKS };

/* Who was waited for before ready: connects, and what followed a send until something
 * came. */
struct coldstart_peer {
	__u8 address[16]; /* of AF_INET the first 4; of AF_UNIX what tells it from others
			   */
	__u16 port;       /* network order; of AF_UNIX what is left off of its path */
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
	char paths[COLDSTART_PEERS][COLDSTART_PATH_BYTES]; /* of those of AF_UNIX */
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
	INVOCATION_WAITED = 1 << 20,     /* wait_ns is known */
	INVOCATION_WAIT_EXACT = 1 << 21
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
	__u32 flags;
	__u32 exit_code; /* as wait(2) gives it, when INVOCATION_EXITED */
	__u16 http_status;
	__u16 concurrency;
	__u8 function_kind;
	__u8 padding;
	__u16 port;    /* that it was served on; 0: on none of TCP */
	__u64 wait_ns; /* lay in the socket so long before it was read, to a tick; of
			* kind lambda: at the front door, before its runtime had it */
	/* A record may end here, and has none of these: with what the ring puts before it
	 * that is two cache lines. */
	__u64 deadline_ms; /* of the event, wall clock; 0: none */
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

_Static_assert(sizeof(struct record_coldstart) == 1048, "the layout is the contract");
_Static_assert(sizeof(struct record_sample) == 1072, "the layout is the contract");
_Static_assert(sizeof(struct record_ready) == 104, "the layout is the contract");
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

#endif

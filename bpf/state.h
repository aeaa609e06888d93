/* What the kernel keeps of processes, sandboxes and connections. The agent reads it, and
 * writes it for what is older than the probes. */
#ifndef COLDMETER_BPF_STATE_H
#define COLDMETER_BPF_STATE_H

#include "bpf/record.h"

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
	__u32 serves; /* it listens or is asked, or was forked from one that is */
	__u32 walked_tid;
	struct cpu_total others; /* of all threads but that one */
	__u64 walked_ns;         /* when that was read */
	__u64 task; /* address of its first thread, where threads are found by that; 0:
		     * not known */
	__u64 padding[4]; /* to two lines */
};

#define SANDBOX_MEMBERS 16 /* processes whose times and memory are added up */

/* One execution environment. lambda holds its one open invocation; http invocations live
 * with their socket. What each invocation of kind http touches comes first: two cache
 * lines. */
struct sandbox {
	__u64 number; /* 0: this place is free */
	__u64 seen;   /* 0: no invocation has begun in it */
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
	__u16 forwards;       /* it has a server behind its server */
	__u16 is_limited;     /* a CPU limit may stop it */
	__u64 limits_group;   /* of that cgroup, by its address */
	__u64 limits_ns;      /* when that was looked for */
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
	__u32 in_init;      /* it is one of those that inits_open counts */
	__u32 runtimes;     /* that it hosts, and that live */
	__u64 server;       /* that hosts this runtime; 0: none that is a function */
	__u64 open_wait_ns; /* of its open invocation, with INVOCATION_WAITED */
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
	__s64 left;       /* of the body; -1: until the end is seen */
	__u32 outer_pid;  /* ROLE_INNER: of the server that sent it */
	__u16 is_h2c;     /* what it is upgraded to */
	__u16 is_unusual; /* it had an answer that http_usual.bpf.h is not for */
	__s64 over; /* bytes of the last write that are behind the response it ended */
	__u32 role, phase;
	__u32 chunked, is_head, is_first;
	__u16 is_unix;
	__u16 port;       /* of this end; 0: of no TCP socket, or not known yet */
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

/* A connection over loopback from a server to another of its own sandbox: what comes in
 * on it is part of the invocation that the first one handles. */
struct forward {
	__u32 net; /* namespace, inode number */
	__u16 from_port;
	__u16 to_port;
};

/* Who is at its near end. */
struct forwarder {
	__u64 sandbox;
	__u32 pid;
	__u32 padding;
};

#endif

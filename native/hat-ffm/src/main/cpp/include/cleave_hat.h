/*
 * cleave_hat.h: what Cleave needs of an AI HAT+ 2, as a C ABI.
 *
 * The vendor's own C API cannot run inference on a Hailo-10H; the C++ class hailort::InferModel can, and has no
 * C ABI. This header is the ABI. Two libraries have it:
 *
 *   libcleave_hat.so      over the vendor's runtime, built on the machine with the board (build-shim.sh)
 *   libcleave_hat_sim.so  a simulator without vendor code, for machines without the board
 *
 * Rules that hold for every function:
 * - The result is a status, 0 on success; cleave_hat_status_name() gives its name. The numbers are the vendor's.
 * - On failure every out pointer is left as it was, except `needed` and `count` with INSUFFICIENT_BUFFER.
 * - Handles are opaque and belong to the caller, who closes each once: sessions before their model, models before
 *   their device. A handle that was closed must not be used again. NULL where a handle is due is INVALID_ARGUMENT.
 * - Strings are UTF-8, end with NUL, and are borrowed until the function returns.
 * - Functions may be called from any thread. Calls on one handle are serialised inside; open, close and free must
 *   not race with other calls on the same handle.
 * - "blocks" in a comment says for how long at most; the others return at once.
 */
#ifndef CLEAVE_HAT_H
#define CLEAVE_HAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CLEAVE_HAT_API __attribute__((visibility("default")))
#else
#define CLEAVE_HAT_API
#endif

/** Of this header; a library with another major version must not be used. Major * 1000 + minor. */
#define CLEAVE_HAT_ABI_VERSION 1000

/**
 * Statuses that callers tell apart, with the vendor's numbers and names (hailo/hailort.h, HailoRT 5.2.0). Others may
 * come: print cleave_hat_status_name().
 */
enum {
  CLEAVE_HAT_SUCCESS = 0,
  CLEAVE_HAT_INVALID_ARGUMENT = 2,         /* NULL, an unknown device, or a type that the edge does not take */
  CLEAVE_HAT_OUT_OF_HOST_MEMORY = 3,
  CLEAVE_HAT_TIMEOUT = 4,                  /* the transfer may still complete later and write into its buffers */
  CLEAVE_HAT_INSUFFICIENT_BUFFER = 5,      /* an array is too small; what is needed was written */
  CLEAVE_HAT_INVALID_OPERATION = 6,        /* a buffer of the wrong size, or a call out of order */
  CLEAVE_HAT_NOT_IMPLEMENTED = 7,
  CLEAVE_HAT_INTERNAL_FAILURE = 8,
  CLEAVE_HAT_OPEN_FILE_FAILURE = 13,       /* the model's file cannot be opened */
  CLEAVE_HAT_FILE_OPERATION_FAILURE = 14,  /* it is empty, or cannot be read */
  CLEAVE_HAT_INVALID_HEF = 26,             /* the model was compiled for another release */
  CLEAVE_HAT_NOT_FOUND = 61,               /* no such edge, or the buffer of an edge is missing */
  CLEAVE_HAT_COMMUNICATION_CLOSED = 62,    /* the connection to the chip is lost; closing still succeeds */
  CLEAVE_HAT_DRIVER_NOT_INSTALLED = 64,
  CLEAVE_HAT_DEVICE_IN_USE = 73,           /* another process has it */
  CLEAVE_HAT_OUT_OF_PHYSICAL_DEVICES = 74, /* there is none */
  CLEAVE_HAT_INVALID_DRIVER_VERSION = 76,  /* driver and library are of different releases */
  CLEAVE_HAT_QUEUE_IS_FULL = 82,
  CLEAVE_HAT_HEF_FILE_CORRUPTED = 91,      /* the model's file is shorter than it says, or its checksum is wrong */
  CLEAVE_HAT_HEF_NOT_SUPPORTED = 92,       /* it is no model file */
  CLEAVE_HAT_OPERATION_ABORTED = 95        /* the session was shut down while the transfer waited */
};

/** Element types of an edge's buffer. */
enum { CLEAVE_HAT_UINT8 = 1, CLEAVE_HAT_UINT16 = 2, CLEAVE_HAT_FLOAT32 = 3 };

/** Directions of an edge, seen from the host. */
enum { CLEAVE_HAT_INPUT = 0, CLEAVE_HAT_OUTPUT = 1 };

#define CLEAVE_HAT_NAME_BYTES 128
/** A transfer is a multiple of these bytes, and at most as many as the second says. */
#define CLEAVE_HAT_TRANSFER_MULTIPLE 8
#define CLEAVE_HAT_MAX_TRANSFER_BYTES (32u << 20)
/** Frames of one transfer, at most. */
#define CLEAVE_HAT_MAX_BATCH 16

typedef struct cleave_hat_device cleave_hat_device;
typedef struct cleave_hat_model cleave_hat_model;
typedef struct cleave_hat_session cleave_hat_session;

/** Name of a device, as "0001:01:00.0". */
typedef struct cleave_hat_device_id {
  char name[CLEAVE_HAT_NAME_BYTES];
} cleave_hat_device_id;

/** What a device says of itself; empty strings where it does not. */
typedef struct cleave_hat_device_info {
  char architecture[CLEAVE_HAT_NAME_BYTES]; /* "HAILO10H" */
  char firmware[CLEAVE_HAT_NAME_BYTES];
  char serial[CLEAVE_HAT_NAME_BYTES];
} cleave_hat_device_info;

/** Health of a device. NaN or -1 where it has no such sensor. */
typedef struct cleave_hat_telemetry {
  float temperature_celsius;
  float power_watts;
  float utilisation;    /* of the neural core, 0 to 1 */
  int32_t throttled;    /* 0 no, 1 yes, -1 unknown */
} cleave_hat_telemetry;

/** One input or output of a model. */
typedef struct cleave_hat_edge_info {
  char name[CLEAVE_HAT_NAME_BYTES];
  int32_t direction;
  int32_t dtype;        /* of the buffers, as cleave_hat_model_set_format left it */
  uint32_t height;      /* a tensor [1, positions, features] has height 1, width = positions */
  uint32_t width;
  uint32_t features;
  uint32_t reserved;    /* 0 */
  uint64_t frame_bytes; /* of one buffer in this type */
  float scale;          /* real = (stored - zero_point) * scale; scale 0: quantised per feature, to be refused */
  float zero_point;
  float limit_low;      /* of real values, for clipping; both 0 with an identity quantisation */
  float limit_high;
} cleave_hat_edge_info;

/** A buffer for one edge of one frame. */
typedef struct cleave_hat_buffer {
  const char *edge;
  void *data;           /* aligned to the page (16384 bytes on a Raspberry Pi 5), in memory of whole pages */
  uint64_t bytes;       /* frame_bytes of the edge, times the batch */
} cleave_hat_buffer;

/** Handles that were opened and not closed. */
typedef struct cleave_hat_open_handles {
  int64_t devices;
  int64_t models;
  int64_t sessions;
  int64_t transfers;    /* launched, and not completed yet; also those that timed out */
} cleave_hat_open_handles;

/**
 * Told once of the end of an asynchronous transfer, on a thread of the library, the same for all of a device. Until it
 * returns nobody else is told anything, so it must be quick, must not throw, and must not call this library. What the
 * status says holds for the buffers: from here on the transfer touches them no more.
 */
typedef void (*cleave_hat_done)(void *context, int32_t status);

/* ---- the library ---------------------------------------------------------------------------------------------- */

/** CLEAVE_HAT_ABI_VERSION of the library that is loaded. */
CLEAVE_HAT_API uint32_t cleave_hat_abi_version(void);

/** Release of the runtime below, as "5.2.0" or "5.2.0-simulated". INSUFFICIENT_BUFFER: *needed bytes, NUL included. */
CLEAVE_HAT_API int32_t cleave_hat_library_version(char *out, uint64_t capacity, uint64_t *needed);

/** Name of a status, as "TIMEOUT"; "UNKNOWN" for a number that it does not know. Static, never NULL. */
CLEAVE_HAT_API const char *cleave_hat_status_name(int32_t status);

/** What is open in this process. For tests that nothing leaks. */
CLEAVE_HAT_API int32_t cleave_hat_count_open(cleave_hat_open_handles *out);

/* ---- devices -------------------------------------------------------------------------------------------------- */

/**
 * The devices of this machine, whether free or not. Blocks up to 10 s.
 * INSUFFICIENT_BUFFER: *count is how many there are. With none it is SUCCESS and 0.
 */
CLEAVE_HAT_API int32_t cleave_hat_scan(cleave_hat_device_id *out, uint32_t capacity, uint32_t *count);

/**
 * Opens a device for this process alone. Blocks up to 10 s.
 * @param name of cleave_hat_scan, or NULL for the first that there is
 * OUT_OF_PHYSICAL_DEVICES: there is none. INVALID_ARGUMENT: none of this name. DEVICE_IN_USE.
 * INVALID_DRIVER_VERSION.
 */
CLEAVE_HAT_API int32_t cleave_hat_device_open(const char *name, cleave_hat_device **out);

CLEAVE_HAT_API int32_t cleave_hat_device_info_of(cleave_hat_device *device, cleave_hat_device_info *out);

/** Blocks up to 30 s, and may be TIMEOUT though all is well: to be tried again, never on the thread that infers. */
CLEAVE_HAT_API int32_t cleave_hat_device_telemetry(cleave_hat_device *device, cleave_hat_telemetry *out);

/** Succeeds though the connection is lost. INVALID_OPERATION while models of it are open. */
CLEAVE_HAT_API int32_t cleave_hat_device_close(cleave_hat_device *device);

/* ---- models --------------------------------------------------------------------------------------------------- */

/** Loads a compiled model. Blocks up to 45 s. See OPEN_FILE_FAILURE, FILE_OPERATION_FAILURE, HEF_... above. */
CLEAVE_HAT_API int32_t cleave_hat_model_load_file(cleave_hat_device *device, const char *path, cleave_hat_model **out);

/** The same from memory, which is copied. FILE_OPERATION_FAILURE with 0 bytes. */
CLEAVE_HAT_API int32_t cleave_hat_model_load_buffer(
    cleave_hat_device *device, const void *data, uint64_t bytes, cleave_hat_model **out);

/** How many edges there are, inputs and outputs together. */
CLEAVE_HAT_API int32_t cleave_hat_model_edge_count(cleave_hat_model *model, uint32_t *out);

/** The edge of this index, inputs first. NOT_FOUND behind the last. */
CLEAVE_HAT_API int32_t cleave_hat_model_edge_info(cleave_hat_model *model, uint32_t index, cleave_hat_edge_info *out);

/**
 * The type of an edge's buffers. INVALID_ARGUMENT where the edge cannot hold it (UINT16 on an edge of UINT8);
 * NOT_FOUND: no such edge; INVALID_OPERATION once a session is open.
 */
CLEAVE_HAT_API int32_t cleave_hat_model_set_format(cleave_hat_model *model, const char *edge, int32_t dtype);

/** Frames of one transfer, 1 to CLEAVE_HAT_MAX_BATCH, else INVALID_ARGUMENT. INVALID_OPERATION once a session is open. */
CLEAVE_HAT_API int32_t cleave_hat_model_set_batch(cleave_hat_model *model, uint32_t frames);

/** INVALID_OPERATION while sessions of it are open. */
CLEAVE_HAT_API int32_t cleave_hat_model_free(cleave_hat_model *model);

/* ---- sessions ------------------------------------------------------------------------------------------------- */

/**
 * Configures the device for the model. Blocks up to 45 s. INVALID_OPERATION: with these formats and this batch a buffer
 * is larger than CLEAVE_HAT_MAX_TRANSFER_BYTES. COMMUNICATION_CLOSED.
 */
CLEAVE_HAT_API int32_t cleave_hat_session_open(cleave_hat_model *model, cleave_hat_session **out);

/** Transfers that can be under way at once, at least 1. */
CLEAVE_HAT_API int32_t cleave_hat_session_queue_size(cleave_hat_session *session, uint32_t *out);

/**
 * One transfer: waits until there is room, sends, waits for the end, all under one deadline. Blocks for timeout_millis.
 * @param buffers one for every edge; their memory must outlive the transfer, which after TIMEOUT ends later, at the
 *     latest when cleave_hat_session_close returns
 * NOT_FOUND: an edge that does not exist, or has no buffer. INVALID_OPERATION: a buffer of the wrong size, or a
 * session that was shut down. INVALID_ARGUMENT: NULL, an edge twice, or data that is not aligned to the page.
 * TIMEOUT, COMMUNICATION_CLOSED, OPERATION_ABORTED (shut down while it waited).
 */
CLEAVE_HAT_API int32_t cleave_hat_session_run(
    cleave_hat_session *session, const cleave_hat_buffer *buffers, uint32_t count, uint32_t timeout_millis);

/** Waits for room for so many transfers. More than the queue holds is always TIMEOUT. Blocks for timeout_millis. */
CLEAVE_HAT_API int32_t cleave_hat_session_wait_ready(
    cleave_hat_session *session, uint32_t transfers, uint32_t timeout_millis);

/**
 * Launches a transfer; `done` is told of its end exactly once, unless launching fails. A launch that fails for
 * another reason than its arguments shuts the session down, with a run() as well.
 * QUEUE_IS_FULL: wait ready first; this alone leaves the session as it was. The rest as cleave_hat_session_run.
 */
CLEAVE_HAT_API int32_t cleave_hat_session_run_async(
    cleave_hat_session *session, const cleave_hat_buffer *buffers, uint32_t count, cleave_hat_done done, void *context);

/**
 * Ends what is under way with OPERATION_ABORTED, and returns when that was told; run, run_async and wait_ready are
 * INVALID_OPERATION then. What run() left behind with TIMEOUT may go on until it ends, or the session is closed.
 * Again: SUCCESS. Blocks up to 10 s, and for callbacks.
 */
CLEAVE_HAT_API int32_t cleave_hat_session_shutdown(cleave_hat_session *session);

/**
 * Shuts down and waits until no transfer touches a buffer any more. Blocks up to 10 s, and for callbacks. Succeeds
 * without a chip. TIMEOUT: the runtime below hangs and has not given back all buffers, so that their memory must never
 * be freed; the handle is gone all the same, and its model and device stay open until the process ends.
 */
CLEAVE_HAT_API int32_t cleave_hat_session_close(cleave_hat_session *session);

#ifdef __cplusplus
}
#endif

#endif

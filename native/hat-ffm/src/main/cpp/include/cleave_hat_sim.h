/*
 * cleave_hat_sim.h: what the simulator has beyond cleave_hat.h: its settings.
 *
 * Settings are "key=value" separated by commas or ends of lines; '#' begins a comment. They come, the later over the
 * earlier, from the environment CLEAVE_HAT_SIM, from the file that CLEAVE_HAT_SIM_CONFIG names (read again when it
 * changes, looked at in every call) and from cleave_hat_sim_configure(). Whatever changes them starts all counts of
 * "n-th" anew. A key that does not exist, or a value out of its range, is said on stderr and left out.
 *
 *   devices=1               how many there are (0 to 8): 0001:01:00.0, 0002:01:00.0 ...
 *   queue=4                 transfers that can be under way at once in a session (1 to 64)
 *   latency_us=0            for which the chip is taken by one frame; a frame whose computing takes longer takes longer
 *   pcie_mb_s=0             bandwidth of each direction, in 10^6 bytes/s; 0 is without limit. Overlaps with the chip.
 *   temperature=45          degrees Celsius
 *   no_power_sensor=0       1: power is NaN
 *   no_temperature_sensor=0 1: temperature is NaN
 *   no_telemetry=0          1: utilisation is NaN and throttled -1 as well
 *   throttled=0             1: every frame takes twice as long, and telemetry says so
 *   busy=0                  1: DEVICE_IN_USE
 *   driver_missing=0        1: DRIVER_NOT_INSTALLED from scan and open
 *   driver_mismatch=0       1: INVALID_DRIVER_VERSION
 *   hef_release=5002        release of this runtime: models of another are INVALID_HEF
 *   no_memory=0             1: loading a model is OUT_OF_HOST_MEMORY
 *   per_feature=0           1: edges say that they are quantised per feature (scale 0)
 *   lost_at_call=0          the n-th transfer, all that are under way, and all later calls on this device are
 *                           COMMUNICATION_CLOSED; a device that is opened anew has a connection again
 *   launch_fails_at=0       the n-th transfer is not launched: INTERNAL_FAILURE, and its session is shut down
 *   fails_at=0              the n-th transfer ends with INTERNAL_FAILURE
 *   timeout_at=0            the n-th transfer does not end in time: run() is TIMEOUT, and see late_us
 *   late_us=50000           so long after its deadline that transfer completes, and writes into its buffers; an
 *                           asynchronous one so long after it was due. -1: only when its session is closed
 *   spurious_timeout_every=0 every n-th reply to telemetry or run() is lost: TIMEOUT after the full wait, though the
 *                           transfer has completed
 *   reply_timeout_ms=10000  for which telemetry waits for a reply
 *   slow_callback_us=0      for which a callback is held up, and with it every other reply
 */
#ifndef CLEAVE_HAT_SIM_H
#define CLEAVE_HAT_SIM_H

#include "cleave_hat.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Settings over those of the environment and the file, in place of what an earlier call set; NULL or "" for none.
 * INVALID_ARGUMENT: a key or value that does not exist; nothing has changed then. For tests in the same process.
 */
CLEAVE_HAT_API int32_t cleave_hat_sim_configure(const char *text);

#ifdef __cplusplus
}
#endif

#endif

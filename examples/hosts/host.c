/* A host in C: serial calls, calls on the library's pool, calls on threads of the host's own, and a call
   that is refused.

       lgc compile layer.graph
       cc -std=c11 -o host host.c ./layer.so -pthread -Wl,-rpath,'$ORIGIN' && ./host */
#include "layer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 256, INPUTS = 192, OUTPUTS = 128, STEPS = 10, THREADS = 2 };

static float x[ROWS * INPUTS], target[ROWS * OUTPUTS], w[INPUTS * OUTPUTS], b[OUTPUTS], loss;
static const float rate = 0.5f;
static LAYER_STEP_WORKSPACE(workspace);

static void check(int32_t code) {
    if (code == LGC_OK) return;
    char text[256];
    layer_step_strerror(code, text, sizeof(text));
    fprintf(stderr, "%s\n", text);
    exit(1);
}

/* Numbers from -1/2 to 1/2, times a power of two. */
static void fill(float *values, int count, float factor) {
    static uint32_t seed;
    for (int i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = ((float)(seed >> 8) / 16777216.0f - 0.5f) * factor;
    }
}

/* Ten steps from where the layer begins; the loss before the last. */
static float train(const lgc_ctx *ctx) {
    static float first_w[INPUTS * OUTPUTS];
    static int filled;
    const layer_step_args args = {x, target, &rate, {w, b}, &loss};
    if (!filled) {
        fill(x, ROWS * INPUTS, 1);
        fill(target, ROWS * OUTPUTS, 1);
        fill(first_w, INPUTS * OUTPUTS, 0.125f);
        filled = 1;
    }
    memcpy(w, first_w, sizeof w);
    memset(b, 0, sizeof b);
    for (int step = 0; step < STEPS; step++) check(layer_step(&args, workspace, ctx));
    return loss;
}

/* Threads of the host: each takes every THREADS-th task. */
struct share {
    lgc_task task;
    void *data;
    uint64_t first, count;
};

static void *run_share(void *argument) {
    const struct share *share = argument;
    for (uint64_t i = share->first; i < share->count; i += THREADS) share->task(share->data, i);
    return NULL;
}

static void parallel_for(void *data, uint64_t count, lgc_task task, void *task_data) {
    pthread_t threads[THREADS];
    struct share shares[THREADS];
    for (uint64_t i = 0; i < THREADS; i++) {
        shares[i] = (struct share){task, task_data, i, count};
        if (pthread_create(&threads[i], NULL, run_share, &shares[i]) != 0) abort();
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    ++*(int *)data;
}

static void compare(const char *name, float serial, const float *serial_w, const lgc_ctx *ctx) {
    float found = train(ctx);
    int same = found == serial && memcmp(w, serial_w, sizeof w) == 0;
    printf("%s: %s\n", name, same ? "the same bits" : "other bits");
}

/* A call on DLTensors of which one has its axes in another order. */
static void refuse(void) {
    int64_t x_shape[] = {ROWS, INPUTS}, x_strides[] = {1, ROWS}, target_shape[] = {ROWS, OUTPUTS};
    int64_t w_shape[] = {INPUTS, OUTPUTS}, b_shape[] = {OUTPUTS};
    const DLDevice cpu = {kDLCPU, 0};
    const DLDataType f32 = {kDLFloat, 32, 1};
    DLTensor in[] = {
        {x, cpu, 2, f32, x_shape, x_strides, 0},
        {target, cpu, 2, f32, target_shape, NULL, 0},
        {(void *)&rate, cpu, 0, f32, NULL, NULL, 0},
    };
    DLTensor out[] = {
        {w, cpu, 2, f32, w_shape, NULL, 0},
        {b, cpu, 1, f32, b_shape, NULL, 0},
        {&loss, cpu, 0, f32, NULL, NULL, 0},
    };
    const DLTensor *read[] = {&in[0], &in[1], &in[2]};
    DLTensor *written[] = {&out[0], &out[1], &out[2]};
    int32_t code = layer_step_run(read, written, workspace, NULL);
    if (LGC_STATUS(code) == LGC_TENSOR_STRIDES)
        printf("refused: `%s`, %s\n", layer_info()->entries[0].tensors[LGC_ARGUMENT(code)].name,
               layer_strerror(code));
    in[0].strides = NULL;
    check(layer_step_run(read, written, workspace, NULL));
}

int main(void) {
    static float serial_w[INPUTS * OUTPUTS];
    float serial = train(NULL);
    memcpy(serial_w, w, sizeof w);
    printf("loss %.9g\n", (double)serial);

    lgc_pool *pool = layer_pool_create(4);
    lgc_ctx on_pool = {sizeof(lgc_ctx), pool, NULL, NULL};
    compare("a pool of 4", serial, serial_w, &on_pool);
    layer_pool_destroy(pool);

    int launches = 0;
    lgc_ctx on_threads = {sizeof(lgc_ctx), NULL, parallel_for, &launches};
    compare("threads of the host", serial, serial_w, &on_threads);
    if (launches == 0) return 1;
    refuse();
    return 0;
}

/* Calls a library `toy` in every way that its interface forbids, and a few that it allows, and
   prints the status of each call. */
#include "toy.h"
#include <stdio.h>
#include <string.h>

static float x[3] = {1, 2, 3}, y[2], w[3];
static int32_t i[2] = {2, 0};
static int64_t n;
static uint8_t again;
static TOY_STEP_WORKSPACE(workspace);

static int64_t shape_x[] = {3}, shape_i[] = {2}, shape_w[] = {3}, shape_y[] = {2};
static int64_t shape_spare[] = {0, 4};
static DLTensor tensors[7];
static const DLTensor *in[2];
static DLTensor *out[5];

static DLTensor tensor(void *data, uint8_t code, uint8_t bits, int32_t ndim, int64_t *shape) {
    DLTensor result;
    result.data = data;
    result.device.device_type = kDLCPU;
    result.device.device_id = 0;
    result.ndim = ndim;
    result.dtype.code = code;
    result.dtype.bits = bits;
    result.dtype.lanes = 1;
    result.shape = shape;
    result.strides = NULL;
    result.byte_offset = 0;
    return result;
}

static void reset(void) {
    tensors[0] = tensor(x, kDLFloat, 32, 1, shape_x);
    tensors[1] = tensor(i, kDLInt, 32, 1, shape_i);
    tensors[2] = tensor(w, kDLFloat, 32, 1, shape_w);
    tensors[3] = tensor(&n, kDLInt, 64, 0, NULL);
    tensors[4] = tensor(y, kDLFloat, 32, 1, shape_y);
    tensors[5] = tensor(&again, kDLBool, 8, 0, NULL);
    tensors[6] = tensor(NULL, kDLFloat, 64, 2, shape_spare);
    in[0] = &tensors[0];
    in[1] = &tensors[1];
    for (int k = 0; k < 5; k++) out[k] = &tensors[2 + k];
}

static void expect(const char *what, int32_t status) {
    char text[256], short_text[8];
    const size_t length = toy_step_strerror(status, text, sizeof(text));
    toy_step_strerror(status, short_text, sizeof(short_text));
    if (length != strlen(text) || strncmp(text, short_text, 7) != 0) printf("another text\n");
    printf("%s: %d %s; n = %d\n", what, (int)LGC_STATUS(status), text, (int)n);
    reset();
}

static int32_t run(void) { return toy_step_run(in, out, workspace, NULL); }

static void arguments(void) {
    lgc_ctx ctx = {sizeof(lgc_ctx), NULL, NULL, NULL};
    toy_step_args good = {x, i, {w, &n}, y, &again, NULL}, args = good;
    expect("args", toy_step(&args, workspace, NULL));
    expect("args, with a ctx", toy_step(&args, workspace, &ctx));
    printf("y = %g %g, w = %g %g %g, again = %d\n", y[0], y[1], w[0], w[1], w[2], again);
    expect("args: NULL", toy_step(NULL, workspace, NULL));
    expect("args, of another signature", toy_step_v3(&args, workspace, NULL, TOY_STEP_SIGNATURE + 1));
    ctx.struct_size = 0;
    expect("args: a ctx of no size", toy_step(&args, workspace, &ctx));
    ctx.struct_size = sizeof(lgc_ctx) - 8;
    expect("args: a ctx of another version", toy_step(&args, workspace, &ctx));
    args.p.n = NULL;
    expect("args: a NULL tensor", toy_step(&args, workspace, NULL));
    args = good;
    args.p.w = (float *)((unsigned char *)w + 2);
    expect("args: a misaligned tensor", toy_step(&args, workspace, NULL));
    args = good;
    expect("args: no workspace", toy_step(&args, NULL, NULL));
    expect("args: misaligned workspace", toy_step(&args, workspace + 8, NULL));
    i[1] = 3;
    expect("args: index 3 of 3", toy_step(&args, workspace, NULL));
    i[1] = -1;
    expect("args: index -1", toy_step(&args, workspace, NULL));
    i[1] = 0;
}

static void dltensors(void) {
    int64_t dense[] = {1}, sparse[] = {2}, two[] = {2, 4}, odd[] = {-7, 5};
    static float shifted[4];
    static unsigned char bytes[32];
    reset();
    expect("run", run());
    expect("run, of another signature",
           toy_step_run_v3(in, out, workspace, NULL, TOY_STEP_SIGNATURE ^ 1));
    tensors[0].strides = dense;
    expect("run: dense strides", run());
    tensors[0].strides = sparse;
    expect("run: sparse strides", run());
    tensors[6].strides = odd;
    expect("run: any strides without elements", run());
    tensors[0].data = shifted;
    tensors[0].byte_offset = 4;
    expect("run: byte offset", run());
    tensors[0].byte_offset = 2;
    expect("run: misaligned byte offset", run());
    tensors[3].data = bytes + 4;
    expect("run: misaligned data", run());
    tensors[0].device.device_type = kDLCUDA;
    expect("run: device", run());
    tensors[0].device.device_id = 1;
    expect("run: number of the device", run());
    tensors[0].dtype.bits = 64;
    expect("run: bits", run());
    tensors[0].dtype.code = kDLInt;
    expect("run: type code", run());
    tensors[0].dtype.lanes = 2;
    expect("run: lanes", run());
    tensors[0].ndim = 2;
    expect("run: rank", run());
    tensors[0].shape = shape_y;
    expect("run: shape", run());
    tensors[0].shape = NULL;
    expect("run: no shape", run());
    tensors[6].shape = two;
    expect("run: elements where there are none", run());
    tensors[1].data = NULL;
    expect("run: no data", run());
    in[1] = NULL;
    expect("run: no tensor", run());
    expect("run: no in", toy_step_run(NULL, out, workspace, NULL));
    expect("run: no out", toy_step_run(in, NULL, workspace, NULL));
    expect("run: no workspace", toy_step_run(in, out, NULL, NULL));
    expect("run: misaligned workspace", toy_step_run(in, out, workspace + 4, NULL));
    tensors[1].data = x;
    expect("run: inputs that overlap", run());
    tensors[4].data = x + 1;
    expect("run: output over input", run());
    tensors[4].data = w + 2;
    expect("run: output over inout", run());
    tensors[5].data = workspace + TOY_STEP_WORKSPACE_BYTES - 1;
    expect("run: output within workspace", run());
    i[0] = 9;
    expect("run: index", run());
}

int main(void) {
    const lgc_info *info = toy_info();
    printf("%s, abi %d, %d entry, first tensor %s\n", info->name, (int)info->abi_version,
           (int)info->entry_count, info->entries[0].tensors[0].name);
    reset();
    arguments();
    dltensors();
    printf("%s / %s\n", toy_strerror(-1), toy_strerror(1000));
    return 0;
}

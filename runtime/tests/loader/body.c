/* The computation of the entry: y = x[i], w' = w + x, n' = n + 1, again = n > 0. Indices are
   checked before anything is stored. */
static int32_t compute(const toy_step_args *args, void *workspace) {
    float *scratch = (float *)workspace;
    for (int k = 0; k < 2; k++) {
        if (args->i[k] < 0 || args->i[k] >= 3) return LGC_INDEX_OUT_OF_RANGE;
        scratch[k] = args->x[args->i[k]];
    }
    for (int k = 0; k < 2; k++) args->y[k] = scratch[k];
    for (int k = 0; k < 3; k++) args->p.w[k] += args->x[k];
    *args->again = *args->p.n > 0;
    *args->p.n += 1;
    return LGC_OK;
}

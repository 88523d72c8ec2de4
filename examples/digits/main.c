/* Trains the classifier of digits.graph from C, on the digits as text from standard input:

       lgc compile digits.graph
       cc -std=c11 -O2 main.c ./digits.so -Wl,-rpath,. -o digits
       gzip -dc digits.csv.gz | ./digits

   Prints the loss of each epoch and the share of held-out digits that are right. */

#include "digits.h"

#include <stdio.h>
#include <stdlib.h>

enum { PIXELS = 64, HIDDEN = 128, CLASSES = 10, BATCH = 64, EPOCHS = 30, CAPACITY = 4096 };

/* Images, 0 is paper and 1 is ink, and the digits that they show. */
static float images[CAPACITY][PIXELS];
static int32_t labels[CAPACITY];

/* The parameters and their velocities. */
static float hidden_w[PIXELS][HIDDEN], hidden_b[HIDDEN], out_w[HIDDEN][CLASSES], out_b[CLASSES];
static float hidden_vw[PIXELS][HIDDEN], hidden_vb[HIDDEN], out_vw[HIDDEN][CLASSES], out_vb[CLASSES];

static DIGITS_STEP_WORKSPACE(step_workspace);
static DIGITS_PREDICT_WORKSPACE(predict_workspace);

/* SplitMix64. */
static uint64_t state = 3;

static uint64_t random_bits(void) {
    uint64_t mixed = state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

/* Fills weights with uniform random numbers within the bound. */
static void fill(float *weights, size_t count, float bound) {
    for (size_t i = 0; i < count; i++)
        weights[i] = bound * ((float)(random_bits() >> 40) / 8388608.0f - 1.0f);
}

/* Puts numbers in random order. */
static void shuffle(int *order, int count) {
    for (int end = count - 1; end > 0; end--) {
        int other = (int)(random_bits() % (uint64_t)(end + 1)), kept = order[end];
        order[end] = order[other];
        order[other] = kept;
    }
}

/* Reads lines of 64 pixels, 0 to 16, and a digit. Returns their number, or -1. */
static int read_digits(void) {
    int count = 0, value;
    while (count < CAPACITY && scanf("%d", &value) == 1) {
        for (int pixel = 0; pixel < PIXELS; pixel++) {
            images[count][pixel] = (float)value / 16.0f;
            if (scanf(",%d", &value) != 1) return -1;
        }
        labels[count++] = value;
    }
    return feof(stdin) ? count : -1;
}

/* Ends the program if a call failed; its entry says why. */
static void check(int32_t status, size_t (*describe)(int32_t, char *, size_t)) {
    if (status == LGC_OK) return;
    char text[256];
    describe(status, text, sizeof(text));
    fprintf(stderr, "%s\n", text);
    exit(1);
}

/* One pass over the training images; the mean of the losses. The learning rate falls from step to
   step, and would be zero after the last epoch. */
static float train(int *order, int count, int epoch) {
    static float x[BATCH][PIXELS];
    static int32_t y[BATCH];
    const float momentum = 0.9f;
    float rate, loss, sum = 0;
    const digits_step_args args = {
        .x = x[0],
        .labels = y,
        .rate = &rate,
        .momentum = &momentum,
        .p = {{hidden_w[0], hidden_b}, {out_w[0], out_b}},
        .v = {{hidden_vw[0], hidden_vb}, {out_vw[0], out_vb}},
        .l = &loss,
    };
    int steps = count / BATCH;
    shuffle(order, count);
    for (int step = 0; step < steps; step++) {
        for (int i = 0; i < BATCH; i++) {
            int image = order[step * BATCH + i];
            for (int pixel = 0; pixel < PIXELS; pixel++) x[i][pixel] = images[image][pixel];
            y[i] = labels[image];
        }
        rate = 0.2f * (1 - (float)((epoch - 1) * steps + step) / (float)(EPOCHS * steps));
        check(digits_step(&args, step_workspace, NULL), digits_step_strerror);
        sum += loss;
    }
    return sum / (float)steps;
}

/* How many of the images from `first` to `count` are recognised. */
static int test(const int *order, int first, int count) {
    static float x[BATCH][PIXELS];
    static int32_t digits[BATCH];
    const digits_predict_args args = {
        .x = x[0],
        .p = {{hidden_w[0], hidden_b}, {out_w[0], out_b}},
        .digits = digits,
    };
    int right = 0;
    for (int start = first; start < count; start += BATCH) {
        int size = count - start < BATCH ? count - start : BATCH;
        for (int i = 0; i < size; i++)
            for (int pixel = 0; pixel < PIXELS; pixel++)
                x[i][pixel] = images[order[start + i]][pixel];
        check(digits_predict(&args, predict_workspace, NULL), digits_predict_strerror);
        for (int i = 0; i < size; i++) right += digits[i] == labels[order[start + i]];
    }
    return right;
}

int main(void) {
    static int order[CAPACITY];
    int count = read_digits(), held_out = count / 5, trained = count - held_out;
    if (trained < BATCH) {
        fprintf(stderr, "give the digits as text: gzip -dc digits.csv.gz | ./digits\n");
        return 1;
    }
    for (int i = 0; i < count; i++) order[i] = i;
    shuffle(order, count);
    fill(hidden_w[0], PIXELS * HIDDEN, 0.306f); /* the root of 6 / inputs */
    fill(out_w[0], HIDDEN * CLASSES, 0.217f);
    for (int epoch = 1; epoch <= EPOCHS; epoch++)
        printf("epoch %2d  loss %.5f\n", epoch, (double)train(order, trained, epoch));
    int right = test(order, trained, count);
    printf("%d of %d held-out digits are right: %.2f %%\n", right, held_out,
           100.0 * right / held_out);
    return 0;
}

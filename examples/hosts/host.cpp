// A host in C++17: a class around an entry, calls on the library's pool, on threads of the host's own, and
// from sixteen threads at once.
//
//     lgc compile layer.graph
//     c++ -std=c++17 -o host host.cpp ./layer.so -pthread -Wl,-rpath,'$ORIGIN' && ./host
#include "layer.h"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

constexpr int kRows = 256, kInputs = 192, kOutputs = 128, kSteps = 10;

struct Data {
    std::vector<float> x = std::vector<float>(kRows * kInputs);
    std::vector<float> target = std::vector<float>(kRows * kOutputs);
    std::vector<float> w = std::vector<float>(kInputs * kOutputs);

    Data() {
        fill(x, 1);
        fill(target, 1);
        fill(w, 0.125f);
    }

private:
    std::uint32_t seed = 0;

    // Numbers from -1/2 to 1/2, times a power of two.
    void fill(std::vector<float> &values, float factor) {
        for (float &value : values) {
            seed = seed * 1664525u + 1013904223u;
            value = (static_cast<float>(seed >> 8) / 16777216.0f - 0.5f) * factor;
        }
    }
};

// A layer with what one thread needs to train it.
class Layer {
public:
    explicit Layer(const Data &data) : data(data), w(data.w), b(kOutputs), memory(new Workspace) {}

    float train(const lgc_ctx *ctx) {
        const float rate = 0.5f;
        float loss = 0;
        const layer_step_args args = {
            data.x.data(), data.target.data(), &rate, {w.data(), b.data()}, &loss};
        for (int step = 0; step < kSteps; step++) {
            const std::int32_t code = layer_step(&args, memory->bytes, ctx);
            if (code != LGC_OK) throw std::runtime_error(layer_strerror(code));
        }
        return loss;
    }

    const std::vector<float> &weights() const { return w; }

private:
    struct Workspace {
        alignas(64) unsigned char bytes[LAYER_STEP_WORKSPACE_BYTES + 1];
    };

    const Data &data;
    std::vector<float> w, b;
    std::unique_ptr<Workspace> memory;
};

void parallel_for(void *, std::uint64_t count, lgc_task task, void *task_data) {
    std::vector<std::thread> threads;
    for (std::uint64_t first = 0; first < 3; first++)
        threads.emplace_back([=] {
            for (std::uint64_t i = first; i < count; i += 3) task(task_data, i);
        });
    for (std::thread &thread : threads) thread.join();
}

struct EndPool {
    void operator()(lgc_pool *pool) const { layer_pool_destroy(pool); }
};

}  // namespace

int main() {
    const Data data;
    Layer serial(data);
    std::printf("loss %.9g\n", static_cast<double>(serial.train(nullptr)));
    const auto compare = [&](const char *name, const lgc_ctx *ctx) {
        Layer layer(data);
        layer.train(ctx);
        const bool same = layer.weights() == serial.weights();
        std::printf("%s: %s\n", name, same ? "the same bits" : "other bits");
    };

    const std::unique_ptr<lgc_pool, EndPool> pool(layer_pool_create(4));
    const lgc_ctx on_pool = {sizeof(lgc_ctx), pool.get(), nullptr, nullptr};
    compare("a pool of 4", &on_pool);
    const lgc_ctx on_threads = {sizeof(lgc_ctx), nullptr, parallel_for, nullptr};
    compare("threads of the host", &on_threads);

    // One of them has the pool at a time; the others run their tasks themselves.
    std::vector<char> same(16);
    std::vector<std::thread> callers;
    for (char &result : same)
        callers.emplace_back([&] {
            Layer layer(data);
            layer.train(&on_pool);
            result = layer.weights() == serial.weights();
        });
    for (std::thread &caller : callers) caller.join();
    int count = 0;
    for (char result : same) count += result;
    std::printf("%d of 16 threads at once: the same bits\n", count);
}

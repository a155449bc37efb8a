// SPDX-License-Identifier: GPL-3.0-or-later
// The graph says what is wrong once, in one sentence, and views never leave their base.
#include <string.h>

#include "graph/ops.h"
#include "tap.h"

static Graph *new_graph(void)
{
    Graph *graph = NULL;
    if (graph_create("test", &graph, NULL) != RSH_OK)
        abort();
    return graph;
}

static void fails_with(Graph *graph, RshStatus status, const char *text)
{
    RshError error = {0};
    CHECK(graph_status(graph, &error) == status);
    if (!strstr(error.text, text))
        printf("# '%s' does not say '%s'\n", error.text, text);
    CHECK(strstr(error.text, text) != NULL);
    graph_destroy(&graph);
}

static void first_failure_sticks(void)
{
    Graph *graph = new_graph();
    Tensor *x = graph_input(graph, "x", (Shape){1, 1, 4, 8}, TENSOR_F32);
    float ones[64] = {1};
    Weight w = {.name = "w", .n_dims = 2, .dims = {8, 7}, .values = ones};
    CHECK(op_linear(graph, x, &w, NULL, NULL) == NULL);
    CHECK(op_transpose(graph, x) == NULL);
    CHECK(graph_view_channels(graph, x, 3, 4) == NULL);
    CHECK(graph_node_count(graph) == 0);
    fails_with(graph, RSH_ERROR_FORMAT, "takes 7 channels, the tensor has 8");
}

static void absurd_shapes_are_refused(void)
{
    Graph *graph = new_graph();
    CHECK(graph_input(graph, "x", (Shape){UINT32_MAX, UINT32_MAX, 2, 8}, TENSOR_F32) == NULL);
    fails_with(graph, RSH_ERROR_ARGUMENT, "below 4 TiB");
    graph = new_graph();
    CHECK(graph_input(graph, "x", (Shape){1, 0, 2, 8}, TENSOR_F32) == NULL);
    fails_with(graph, RSH_ERROR_ARGUMENT, "1 or more");
}

static void names_are_unique(void)
{
    Graph *graph = new_graph();
    Tensor *x = graph_input(graph, "x", (Shape){1, 1, 4, 8}, TENSOR_F32);
    CHECK(graph_find(graph, "x") == x);
    CHECK(graph_input(graph, "x", (Shape){1, 1, 4, 8}, TENSOR_F32) == NULL);
    fails_with(graph, RSH_ERROR_ARGUMENT, "two tensors are called 'x'");
}

static void rows_are_padded_to_four_channels(void)
{
    Graph *graph = new_graph();
    const float data[6] = {1, 2, 3, 4, 5, 6};
    Tensor *c = graph_constant(graph, "c", (Shape){1, 1, 2, 3}, TENSOR_F32, data);
    CHECK(c->stride == 4 && tensor_bytes(c) == 32);
    const float *padded = c->data;
    CHECK(padded[2] == 3.0f && padded[3] == 0.0f && padded[4] == 4.0f);
    graph_destroy(&graph);
}

static void views_of_views_add_up(void)
{
    Graph *graph = new_graph();
    Tensor *x = graph_input(graph, "x", (Shape){4, 2, 3, 10}, TENSOR_F32);
    Tensor *frames = graph_view_frames(graph, x, 1, 2);
    Tensor *channels = graph_view_channels(graph, frames, 8, 2);
    Tensor *rows = graph_view_shape(graph, channels, (Shape){1, 1, 12, 2});
    Tensor *tail = graph_view_rows(graph, rows, 11, 1);
    CHECK(graph_status(graph, NULL) == RSH_OK);
    CHECK(tail && tail->base == x && tail->stride == 12);
    CHECK(tail && tail->offset == 6 * 12 + 8 + 11 * 12);
    CHECK(graph_view_split_rows(graph, rows, 2) == NULL);
    fails_with(graph, RSH_ERROR_ARGUMENT, "rows dense");
}

static void views_stay_inside(void)
{
    Graph *graph = new_graph();
    Tensor *x = graph_input(graph, "x", (Shape){4, 2, 3, 10}, TENSOR_F32);
    CHECK(graph_view_frames(graph, x, 3, UINT32_MAX) == NULL);
    fails_with(graph, RSH_ERROR_ARGUMENT, "does not fit in 4");
    graph = new_graph();
    x = graph_input(graph, "x", (Shape){4, 2, 3, 10}, TENSOR_F32);
    CHECK(graph_view_channels(graph, x, 4, 5) == NULL);
    fails_with(graph, RSH_ERROR_ARGUMENT, "multiple of 4");
}

static void outputs_of_states_keep_the_state_s_name(void)
{
    Graph *graph = new_graph();
    Tensor *state = graph_state(graph, "memory", (Shape){2, 1, 1, 4});
    CHECK(graph_state(graph, "memory", (Shape){2, 1, 1, 4}) == state);
    graph_output(graph, state, "out");
    CHECK(graph_find(graph, "memory") == state);
    CHECK(graph_find(graph, "out") != NULL && graph_find(graph, "out")->base == state);
    CHECK(graph_state(graph, "memory", (Shape){2, 1, 1, 5}) == NULL);
    fails_with(graph, RSH_ERROR_ARGUMENT, "two shapes");
}

static void inputs_are_not_written_by_copies(void)
{
    Graph *graph = new_graph();
    Tensor *a = graph_input(graph, "a", (Shape){1, 1, 4, 8}, TENSOR_F32);
    Tensor *b = graph_input(graph, "b", (Shape){1, 1, 4, 8}, TENSOR_F32);
    CHECK(op_copy(graph, a, b) == NULL);
    fails_with(graph, RSH_ERROR_ARGUMENT, "only the caller may");
}

static void kernels_larger_than_the_input_are_refused(void)
{
    Graph *graph = new_graph();
    Tensor *x = graph_input(graph, "x", (Shape){1, 2, 2, 1}, TENSOR_F32);
    float ones[9] = {1};
    Weight w = {.name = "conv.weight", .n_dims = 4, .dims = {1, 1, 3, 3}, .values = ones};
    CHECK(op_conv(graph, x, &w, NULL, NULL) == NULL);
    fails_with(graph, RSH_ERROR_ARGUMENT, "'conv.weight'");
}

static void weights_are_found_by_name_and_shape(void)
{
    WeightSet *set = NULL;
    RshError error = {0};
    CHECK(weight_set_open(NULL, "", &set, &error) == RSH_OK);
    for (int i = 0; i < 600; i++) { // the index grows
        char name[32];
        snprintf(name, sizeof(name), "w.%d", i);
        float *values = malloc(2 * sizeof(float));
        values[0] = (float)i;
        CHECK(weight_set_derive(set, name, 1, (uint64_t[]){2}, values) != NULL);
    }
    const Weight *w = weight_set_get(set, "w.77", 1, (uint64_t[]){0}, &error);
    CHECK(w && w->values[0] == 77.0f && weight_set_owns(set, w));
    CHECK(weight_set_find(set, "w.600") == NULL);
    CHECK(weight_set_get(set, "w.78", 2, (uint64_t[]){2, 0}, &error) == NULL);
    CHECK(strstr(error.text, "'w.78' is [2], expected [2, any]") != NULL);
    CHECK(weight_set_get(set, "none", 1, (uint64_t[]){2}, &error) == NULL);
    CHECK(strstr(error.text, "w.78") != NULL); // the first failure stays
    float two[2];
    CHECK(weight_read(w, 1, 2, two, NULL) == RSH_ERROR_ARGUMENT);
    weight_set_close(&set);
}

int main(void)
{
    TAP_RUN(first_failure_sticks);
    TAP_RUN(absurd_shapes_are_refused);
    TAP_RUN(names_are_unique);
    TAP_RUN(rows_are_padded_to_four_channels);
    TAP_RUN(views_of_views_add_up);
    TAP_RUN(views_stay_inside);
    TAP_RUN(outputs_of_states_keep_the_state_s_name);
    TAP_RUN(inputs_are_not_written_by_copies);
    TAP_RUN(kernels_larger_than_the_input_are_refused);
    TAP_RUN(weights_are_found_by_name_and_shape);
    return tap_done();
}

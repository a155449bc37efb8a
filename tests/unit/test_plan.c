// SPDX-License-Identifier: GPL-3.0-or-later
// Properties of plans over random graphs: nothing alive is overwritten, nothing is wasted twice.
#include <stdbool.h>
#include <string.h>

#include "graph/ops.h"
#include "graph/plan.h"
#include "tap.h"

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

static Graph *new_graph(void)
{
    Graph *graph = NULL;
    if (graph_create("test", &graph, NULL) != RSH_OK)
        abort();
    return graph;
}

// Up to 60 operations on tensors of a few shapes; some results are outputs, some are read as views.
static Graph *random_graph(uint32_t seed)
{
    random_state = seed;
    Graph *graph = new_graph();
    Tensor *made[80];
    size_t count = 0;
    for (uint32_t i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof(name), "x%u", i);
        made[count++] =
            graph_input(graph, name, (Shape){1, 1 + i, 8, 4u << random_below(4)}, TENSOR_F32);
    }
    uint32_t operations = 5 + random_below(55);
    for (uint32_t i = 0; i < operations; i++) {
        Tensor *x = made[random_below((uint32_t)count)], *y = made[random_below((uint32_t)count)];
        switch (random_below(6)) {
        case 0:
            x = op_unary(graph, x, ACT_SILU, 0, 0);
            break;
        case 1:
            x = op_transpose(graph, x);
            break;
        case 2:
            x = op_norm(graph, x, NULL, NULL, &(NormParams){.kind = NORM_RMS});
            break;
        case 3:
            x = op_binary(graph, BINARY_ADD, x, op_unary(graph, x, ACT_TANH, 0, 0));
            break;
        case 4:
            x = op_unary(graph, graph_view_channels(graph, x, 0, 4), ACT_RELU, 0, 0);
            break;
        default:
            if (shape_rows(x->shape) == shape_rows(y->shape) && x->shape.channels < 64)
                x = op_concat_channels(graph, x, y);
            break;
        }
        made[count++] = x;
        if (random_below(10) == 0 && x && !x->name[0] && !x->is_output) {
            char name[16];
            snprintf(name, sizeof(name), "out%u", i);
            graph_output(graph, x, name);
        }
    }
    return graph;
}

static const Tensor *base_of(const Tensor *tensor)
{
    return tensor->base ? tensor->base : tensor;
}

static void lifetime(const Graph *graph, const Tensor *tensor, size_t *first, size_t *last)
{
    *first = SIZE_MAX;
    *last = 0;
    for (size_t i = 0; i < graph_node_count(graph); i++) {
        const Node *node = graph_node(graph, i);
        for (size_t s = 0; s < NODE_MAX_INPUTS; s++) {
            if (node->inputs[s] && base_of(node->inputs[s]) == tensor)
                *last = i;
        }
        if (node->outputs[0] && base_of(node->outputs[0]) == tensor) {
            *first = *first == SIZE_MAX ? i : *first;
            *last = i;
        }
    }
    for (size_t i = 0; i < graph_tensor_count(graph); i++) {
        const Tensor *view = graph_tensor(graph, i);
        if (view->is_output && base_of(view) == tensor)
            *last = graph_node_count(graph);
    }
}

// Whether `later` was written over `earlier` by an operation that allows it.
static bool taken_over(const Graph *graph, const Tensor *earlier, const Tensor *later,
                       const Plan *plan)
{
    size_t first, last, first_later, last_later;
    lifetime(graph, earlier, &first, &last);
    lifetime(graph, later, &first_later, &last_later);
    if (last != first_later || plan->tensor_offset[earlier->id] != plan->tensor_offset[later->id] ||
        tensor_bytes(earlier) != tensor_bytes(later))
        return false;
    const Node *node = graph_node(graph, last);
    for (uint32_t s = 0; s < NODE_MAX_INPUTS; s++) {
        if (node->inputs[s] == earlier && plan_in_place(node, s))
            return true;
    }
    return false;
}

static size_t count_collisions(const Graph *graph, const Plan *plan)
{
    size_t collisions = 0;
    for (size_t i = 0; i < graph_tensor_count(graph); i++) {
        for (size_t j = 0; j < graph_tensor_count(graph); j++) {
            const Tensor *a = graph_tensor(graph, i), *b = graph_tensor(graph, j);
            uint64_t at = plan->tensor_offset[i], bt = plan->tensor_offset[j];
            if (i == j || at == PLAN_NONE || bt == PLAN_NONE)
                continue;
            size_t a_first, a_last, b_first, b_last;
            lifetime(graph, a, &a_first, &a_last);
            lifetime(graph, b, &b_first, &b_last);
            bool alive = a_first <= b_last && b_first <= a_last;
            bool overlap = at < bt + tensor_bytes(b) && bt < at + tensor_bytes(a);
            if (alive && overlap && !taken_over(graph, a, b, plan) &&
                !taken_over(graph, b, a, plan))
                collisions++;
        }
    }
    return collisions;
}

static void tensors_alive_together_never_overlap(void)
{
    for (uint32_t seed = 0; seed < 300; seed++) {
        Graph *graph = random_graph(seed);
        Plan *plan = NULL;
        RshError error = {0};
        CHECK(plan_create(graph, NULL, &plan, &error) == RSH_OK);
        if (plan) {
            CHECK(count_collisions(graph, plan) == 0);
            CHECK(plan->arena_bytes >= plan->live_bytes);
            for (size_t i = 0; i < graph_tensor_count(graph); i++) {
                const Tensor *tensor = graph_tensor(graph, i);
                uint64_t offset = plan->tensor_offset[i];
                CHECK(offset == PLAN_NONE || (offset % PLAN_ALIGNMENT == 0 &&
                                              offset + tensor_bytes(tensor) <= plan->arena_bytes));
            }
        } else {
            printf("# %s\n", error.text);
        }
        plan_destroy(&plan);
        graph_destroy(&graph);
    }
}

static void plans_stay_close_to_the_lower_bound(void)
{
    uint64_t planned = 0, bound = 0;
    for (uint32_t seed = 0; seed < 300; seed++) {
        Graph *graph = random_graph(seed);
        Plan *plan = NULL;
        CHECK(plan_create(graph, NULL, &plan, NULL) == RSH_OK);
        planned += plan ? plan->arena_bytes : 0;
        bound += plan ? plan->live_bytes : 0;
        plan_destroy(&plan);
        graph_destroy(&graph);
    }
    printf("# %.2f %% above the bound\n", 100.0 * ((double)planned / (double)bound - 1.0));
    CHECK(planned <= bound + bound / 20);
}

static void the_same_graph_gives_the_same_plan(void)
{
    Graph *a = random_graph(7), *b = random_graph(7);
    Plan *first = NULL, *second = NULL;
    CHECK(plan_create(a, NULL, &first, NULL) == RSH_OK);
    CHECK(plan_create(b, NULL, &second, NULL) == RSH_OK);
    CHECK(memcmp(first->tensor_offset, second->tensor_offset,
                 graph_tensor_count(a) * sizeof(uint64_t)) == 0);
    plan_destroy(&first);
    plan_destroy(&second);
    graph_destroy(&a);
    graph_destroy(&b);
}

static void a_chain_of_activations_takes_one_place(void)
{
    Graph *graph = new_graph();
    Tensor *x = graph_input(graph, "x", (Shape){1, 1, 64, 64}, TENSOR_F32);
    Tensor *y = op_transpose(graph, x);
    for (int i = 0; i < 5; i++)
        y = op_unary(graph, y, ACT_SILU, 0, 0);
    graph_output(graph, y, "y");
    Plan *plan = NULL;
    CHECK(plan_create(graph, NULL, &plan, NULL) == RSH_OK);
    CHECK(plan && plan->arena_bytes == 64 * 64 * 4);
    plan_destroy(&plan);
    graph_destroy(&graph);
}

static void an_output_is_not_written_over(void)
{
    Graph *graph = new_graph();
    Tensor *x = graph_input(graph, "x", (Shape){1, 1, 64, 64}, TENSOR_F32);
    Tensor *y = op_transpose(graph, x);
    graph_output(graph, graph_view_rows(graph, y, 3, 2), "rows");
    Tensor *z = op_unary(graph, y, ACT_SILU, 0, 0);
    graph_output(graph, z, "z");
    Plan *plan = NULL;
    CHECK(plan_create(graph, NULL, &plan, NULL) == RSH_OK);
    CHECK(plan && plan->tensor_offset[y->id] != plan->tensor_offset[z->id]);
    plan_destroy(&plan);
    graph_destroy(&graph);
}

static void scratch_shares_bytes_with_nothing_its_node_touches(void)
{
    Graph *graph = new_graph();
    Tensor *x = graph_input(graph, "x", (Shape){1, 1, 64, 64}, TENSOR_F32);
    Tensor *y = op_transpose(graph, op_transpose(graph, op_transpose(graph, x)));
    graph_output(graph, y, "y");
    const uint64_t scratch[3] = {0, 1000, 0};
    Plan *plan = NULL;
    CHECK(plan_create(graph, scratch, &plan, NULL) == RSH_OK);
    CHECK(plan && plan->scratch_offset[0] == PLAN_NONE && plan->scratch_offset[2] == PLAN_NONE);
    CHECK(plan && plan->arena_bytes == 2 * 64 * 64 * 4 + 1024);
    plan_destroy(&plan);
    graph_destroy(&graph);
}

static void reading_before_writing_is_refused(void)
{
    Graph *graph = new_graph();
    Tensor *x = graph_input(graph, "x", (Shape){1, 1, 4, 4}, TENSOR_F32);
    Node *node = graph_add(graph, OP_TRANSPOSE, NULL, 0);
    Tensor *y = graph_add_output(graph, node, 0, x->shape, TENSOR_F32);
    node->inputs[0] = y;
    Plan *plan = NULL;
    RshError error = {0};
    CHECK(plan_create(graph, NULL, &plan, &error) == RSH_ERROR_ARGUMENT);
    CHECK(strstr(error.text, "nothing has written") != NULL);
    graph_destroy(&graph);
}

int main(void)
{
    TAP_RUN(tensors_alive_together_never_overlap);
    TAP_RUN(plans_stay_close_to_the_lower_bound);
    TAP_RUN(the_same_graph_gives_the_same_plan);
    TAP_RUN(a_chain_of_activations_takes_one_place);
    TAP_RUN(an_output_is_not_written_over);
    TAP_RUN(scratch_shares_bytes_with_nothing_its_node_touches);
    TAP_RUN(reading_before_writing_is_refused);
    return tap_done();
}

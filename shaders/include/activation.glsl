// SPDX-License-Identifier: GPL-3.0-or-later
//
// activation.glsl - the functions of enum Activation (graph/ops.h), in its order. `kind` is meant to be a
// specialisation constant, so that one case remains.

// Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: absolute error below 1.5e-7.
vec4 erf_approx(vec4 x)
{
    vec4 t = 1.0 / (1.0 + 0.3275911 * abs(x));
    vec4 p = t * (0.254829592 +
                  t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    return sign(x) * (1.0 - p * exp(-x * x));
}

vec4 activate(int kind, vec4 x)
{
    switch (kind) {
    case 1: // SiLU
        return x / (1.0 + exp(-x));
    case 2: { // GELU, tanh form
        vec4 u = 0.7978845608028654 * (x + 0.044715 * x * x * x);
        // tanh(u) = 1 - 2 / (exp(2u) + 1); exp overflows to infinity, which gives the right limit
        return 0.5 * x * (2.0 - 2.0 / (exp(2.0 * u) + 1.0));
    }
    case 3: // GELU, exact form
        return 0.5 * x * (1.0 + erf_approx(x * 0.7071067811865476));
    case 4: // quick GELU
        return x / (1.0 + exp(-1.702 * x));
    case 5: // ReLU
        return max(x, 0.0);
    case 6: // leaky ReLU
        return max(x, 0.1 * x);
    case 7: // tanh
        return 1.0 - 2.0 / (exp(2.0 * x) + 1.0);
    case 8: // MP-SiLU
        return x / (1.0 + exp(-x)) * (1.0 / 0.596);
    }
    return x;
}

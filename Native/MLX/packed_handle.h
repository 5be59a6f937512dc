#pragma once

#include "packed.h"

// A lazy product may be computed after its matrix was released.
struct cx_packed {
  std::shared_ptr<const coxswain::PackedMatrix> matrix;
};

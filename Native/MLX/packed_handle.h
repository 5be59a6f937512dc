#pragma once

#include "packed.h"

// What was built on a matrix may be computed after its owner let go of it.
struct cx_packed {
  std::shared_ptr<const coxswain::PackedMatrix> matrix;
};

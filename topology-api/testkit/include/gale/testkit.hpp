// SPDX-License-Identifier: Apache-2.0
//
// The test kit: runs one component in a unit test, without an engine. The one to include; README.md beside the folder
// shows how it is used.
#pragma once

#include "gale/testkit/component.hpp"
#include "gale/testkit/failure.hpp"
#include "gale/testkit/harness.hpp"
#include "gale/testkit/options.hpp"
#include "gale/testkit/plugin.hpp"
#include "gale/testkit/print.hpp"

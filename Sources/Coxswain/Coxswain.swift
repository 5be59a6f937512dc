// One import for programs that steer an agent: the modules for a user's own world, policy or critic, and for
// collecting, training, planning and steering.
@_exported import Agents
@_exported import Critics
@_exported import Findings
@_exported import ModelServers
@_exported import ParticleFilter
@_exported import Policies
@_exported import RolloutStore
@_exported import Steering
@_exported import Workbench
@_exported import WorldKit

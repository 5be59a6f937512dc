// What a program needs to steer an agent: one import for the rooms that a user's own world, policy or critic touches, and for
// the workbench that collects, trains, plans and steers.
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

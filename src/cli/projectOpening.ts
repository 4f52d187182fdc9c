import { systemClock } from '../base/clock.ts';
import { ProjectPlaces, type ProjectPlacesOptions } from '../services/projectPlaces.ts';
import { firstFolder, type Workspace } from './workspace.ts';

export function placesOptions(workspace: Workspace): ProjectPlacesOptions {
  return {
    layout: workspace.layout,
    folders: [firstFolder(workspace.folder)],
    platform: process.platform,
    isTrusted: true,
    now: () => systemClock.now(),
  };
}

export function openPlaces(workspace: Workspace): Promise<ProjectPlaces> {
  return ProjectPlaces.open(placesOptions(workspace));
}

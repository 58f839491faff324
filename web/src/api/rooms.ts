// Rooms: the list, who is in one, invitations, marks that only this person sees.
import { at, get, post, postLeaving } from "./client";
import type { AskedAgain, Found, MadeInvitation, NewMarks, Place, Room, RoomBegun, RoomDetail } from "./types";

export type { Place };

/** Browsers send 64 KiB on leaving, for everything together; a character takes up to three bytes. */
const SENT_LEAVING = 8_000;

export const allRooms = () => get<Room[]>("rooms");
export const roomDetail = (p: Place) => get<RoomDetail>(at`accounts/${p.account}/rooms/${p.room}`);
export const createRoom = (account: string, name: string, people: string[], announcement = false) =>
  post<RoomBegun>(at`accounts/${account}/rooms`, { name, people, announcement });
export const createCommunity = (account: string, name: string, people: string[]) => post<RoomBegun>(at`accounts/${account}/communities`, { name, people });
/** Puts a group, of which one is an admin, into a community. It stands in the list once the group's service has taken its invitation. */
export const addGroup = (p: Place, room: string, description: string) => post(at`accounts/${p.account}/rooms/${p.room}/groups`, { room, description });
export const removeGroup = (p: Place, room: string) => post(at`accounts/${p.account}/rooms/${p.room}/groups/remove`, { room });
export const joinGroup = (p: Place, room: string) => post<RoomBegun>(at`accounts/${p.account}/rooms/${p.room}/groups/join`, { room });
/** Who writes from now on: admins alone, or everybody. */
export const setWriters = (p: Place, onlyAdmins: boolean) => post(at`accounts/${p.account}/rooms/${p.room}/announcement`, { only_admins: onlyAdmins });
export const joinRoom = (account: string, link: string) => post<RoomBegun>(at`accounts/${account}/rooms/join`, { link });
export const renameRoom = (p: Place, name: string) => post(at`accounts/${p.account}/rooms/${p.room}/rename`, { name });
export const addPeople = (p: Place, people: string[]) => post(at`accounts/${p.account}/rooms/${p.room}/add`, { people });
export const removePeople = (p: Place, people: string[]) => post(at`accounts/${p.account}/rooms/${p.room}/remove`, { people });
/** Makes somebody an admin, or takes that away again. */
export const makeAdmin = (p: Place, user: string, admin: boolean) => post(at`accounts/${p.account}/rooms/${p.room}/admin`, { user, admin });
export const leaveRoom = (p: Place) => post(at`accounts/${p.account}/rooms/${p.room}/leave`);
export const invite = (p: Place, people: number, days: number) =>
  post<MadeInvitation>(at`accounts/${p.account}/rooms/${p.room}/invitations`, { people, days });
export const takeBackInvitation = (p: Place, key: string) => post(at`accounts/${p.account}/rooms/${p.room}/invitations/take-back`, { key });
export const mark = (p: Place, marks: NewMarks) => post<Room>(at`accounts/${p.account}/rooms/${p.room}/marks`, marks);
/** Also while the page goes away. What is too long for a browser to send then is kept on the usual way. */
export const keepDraft = (p: Place, draft: string) =>
  (draft.length < SENT_LEAVING ? postLeaving<Room> : post<Room>)(at`accounts/${p.account}/rooms/${p.room}/marks`, { draft });
/** Messages disappear so many seconds after they were read, 0 for never; `vanishing`: also when the conversation is closed after that. */
export const setTimer = (p: Place, seconds: number, vanishing: boolean) => post(at`accounts/${p.account}/rooms/${p.room}/timer`, { seconds, vanishing });
/** The person has closed it: what vanishes goes. */
export const closeRoom = (p: Place) => postLeaving(at`accounts/${p.account}/rooms/${p.room}/close`);
export const askAgain = (p: Place) => post<AskedAgain>(at`accounts/${p.account}/rooms/${p.room}/ask-again`);

export interface Sought {
  q: string;
  account?: string;
  room?: string;
  limit?: number;
  /** Where an earlier answer ended. */
  after?: string | undefined;
}
export const search = (sought: Sought) => get<Found>("search", { ...sought });
